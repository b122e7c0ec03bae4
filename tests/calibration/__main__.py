"""Print the figures of `trimtab.lab.calibration` as the histories in `TRIMTAB_DATA` give them."""

import os
from pathlib import Path

from tests.calibration.fit import fitted, fitted_base_fee, hourly_closes, returns


def main() -> None:
    data = Path(os.environ["TRIMTAB_DATA"])
    model, likelihood = fitted(returns(hourly_closes(data)))
    print(model.figures())
    print(f"log-likelihood {likelihood:.3f}")
    print(fitted_base_fee(data))


if __name__ == "__main__":
    main()
