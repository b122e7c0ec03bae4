"""Kernels that fold logs, on what real contracts log: to the state of the model, none left to it.

Positions are left out of the states: the logs of tracked accounts are the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.laws import PORTS
from tests.laws.stages import Stage, opened_as_needed
from trimtab.core.abi import Log
from trimtab.core.adapter import Adapter
from trimtab.core.market import State
from trimtab.lab.world import WorldSpec
from trimtab.protocols import aave_v3, morpho, perpetual
from trimtab.protocols.aave_v3 import maths as of_aave
from trimtab.protocols.morpho import maths as of_morpho
from trimtab.protocols.perpetual import maths as of_perpetual

pytestmark = pytest.mark.chain

CASES = 200
LEAST_LOGS = 100


@dataclass(frozen=True, slots=True)
class Followed:
    """A protocol's adapter, whose states a kernel follows, and how, without what accounts have."""

    adapter: type[Adapter[Any]]
    state: type[State]
    accounts: str
    rows_of: Callable[[Any, Sequence[Log]], Any]
    made: Callable[[Any], Any]
    seen: list[tuple[Any, Log, Any]] = field(default_factory=list)

    def without_accounts(self, state: Any) -> Any:
        return replace(state, **{self.accounts: {}})


FOLLOWED = {
    "aave_v3": Followed(
        aave_v3.AaveV3Adapter,
        aave_v3.LendingState,
        "accounts",
        of_aave.rows_of,
        of_aave.FollowedReserves,
    ),
    "morpho": Followed(
        morpho.MorphoAdapter,
        morpho.LendingState,
        "positions",
        of_morpho.rows_of,
        of_morpho.FollowedMarket,
    ),
    "perpetual": Followed(
        perpetual.PerpetualAdapter,
        perpetual.PerpetualState,
        "accounts",
        of_perpetual.rows_of,
        of_perpetual.FollowedMarket,
    ),
}


@pytest.fixture(scope="module")
def stages() -> Iterator[Callable[[WorldSpec], Stage]]:
    with opened_as_needed() as stages:
        yield stages


@pytest.fixture
def seen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Followed:
    """What the adapter is told while a law runs: the state before, the log, the state after."""
    found = FOLLOWED[request.param]
    observe = found.adapter.observe

    def told(adapter: Adapter[Any], state: Any, log: Log) -> Any:
        after = observe(adapter, state, log)
        if isinstance(state, found.state):
            found.seen.append((state, log, after))
        return after

    monkeypatch.setattr(found.adapter, "observe", told)
    return found


@pytest.mark.parametrize("seen", FOLLOWED, indirect=True)
def test_kernel__logs_of_real_contracts__folded_in_as_by_the_model(
    seen: Followed,
    request: pytest.FixtureRequest,
    stages: Callable[[WorldSpec], Stage],
    record_property: Callable[[str, object], None],
) -> None:
    name = request.node.callspec.params["seen"]
    port = next(port for port in PORTS if port.name == name)
    stages(port.world).in_process(port, CASES)
    assert len(seen.seen) >= LEAST_LOGS
    for before, log, after in seen.seen:
        start = seen.without_accounts(before)
        followed = seen.made(start)
        assert followed.advance(seen.rows_of(start, [log])) == 1, log
        assert followed.state == seen.without_accounts(after), log
    record_property("told", f"{len(seen.seen):6,} logs of real contracts by a kernel: {name}")
