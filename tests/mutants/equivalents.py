"""The mutants that no check can kill, each with the proof that it computes the same."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutants.mutate import Mutant

LIST = Path(__file__).with_name("equivalents.toml")


def read(path: Path = LIST) -> dict[str, str]:
    """The proof of each listed mutant. Raises ValueError for an entry that lacks something."""
    proofs: dict[str, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []):
        match entry:
            case {"mutants": [*names], "proof": str(proof)} if names and proof.strip():
                proofs |= dict.fromkeys(map(str, names), proof)
            case _:
                raise ValueError(f"{path.name}: expected `mutants` and a `proof`, found {entry}")
    return proofs


def mistakes(listed: Mapping[str, str], found: Sequence[Mutant]) -> list[str]:
    """What is listed and does not exist."""
    names = {mutant.name for mutant in found}
    return [f"listed, but there is no such mutant: {name}" for name in listed if name not in names]
