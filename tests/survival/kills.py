"""Lives that end by SIGKILL on either side of every await and commit of the loop, in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from tests.survival.ground import grounded, lived, reckoned
from tests.survival.living import Ground, Kill, live, mined, troubled
from trimtab.core.orders import Halt
from trimtab.lab.world import LocalWorld, feed_contract, transaction

NAMES = (
    *("next", "settle", "check_writer", "prepare", "renew", "send", "standing"),
    *("commit of start", "commit of tick", "commit of intent", "commit of skip"),
    *("commit of unwound", "commit of checkpoint"),
)
POINTS = tuple(f"{side} {name}" for name in NAMES for side in ("before", "after"))
_IN_TROUBLE = frozenset({"renew", "standing", "commit of skip", "commit of unwound"})
"""What only a troubled chain leads to."""
KILLED = -9
TURNS = 8
LIVES = 6
"""Lives that share a journal; then the books are compared, and a new journal begins."""


@dataclass(slots=True)
class Survived:
    """What was lived through. `kills` counts by point, `landed` the plans that did land."""

    kills: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    journals: int = 0
    landed: int = 0


def survive(folder: Path, kills: int, first: int = 1) -> Survived:
    """Live until killed so often, and reckon after every LIVES lives.

    A life is killed at the `first` time that it comes to its point, later ones at the next. Some
    are on a chain that also loses transactions and takes blocks back.
    """
    told = Survived()
    deaths = _deaths(first)
    with grounded(folder) as (world, begun):
        while told.kills.total() < kills:
            ground = replace(begun, journal=folder / f"{told.journals}.sqlite")
            _era(world, ground, deaths, told, kills)
            told.journals += 1
    return told


def _deaths(first: int) -> Iterator[Kill]:
    """Every point in turn, at the first time that it is come to, then the next, and so on."""
    for time in count(first):
        yield from (Kill(point, 1 if _is_rare(point) else (time - 1) % 3 + 1) for point in POINTS)


def _is_rare(point: str) -> bool:
    return point.split(" ", 1)[1] in _IN_TROUBLE


def _era(
    world: LocalWorld, ground: Ground, deaths: Iterator[Kill], told: Survived, kills: int
) -> None:
    """Some lives with one journal, a last one that is not killed, and the reckoning."""
    since = world.head.number
    refresh(world, ground)
    for _ in range(LIVES):
        if told.kills.total() >= kills:
            break
        kill = next(deaths)
        chain = troubled if _is_rare(kill.point) or kill.time == 2 else mined
        code = lived(live, ground, TURNS, kill, chain)
        assert code in (0, KILLED), f"a life that was to end at {kill} ended with {code}"
        told.lives += 1
        told.kills[kill.point] += code == KILLED
    assert lived(live, ground, TURNS, None, mined, (Halt("the era ends"),)) == 0
    found = reckoned(world, ground, since)
    assert not found.memory.open, "what was on its way never came to its end"
    told.landed += found.landed


def refresh(world: LocalWorld, ground: Ground) -> None:
    """Say the prices anew, so that no feed is stale in the lives to come."""
    deployer = world.deployment.deployer
    updates = []
    for symbol, feed in world.deployment.feeds.items():
        contract = feed_contract(feed.address)
        price = next(token.price for token in world.spec.tokens if token.symbol == symbol)
        updates.append(transaction(deployer, contract.call("updateAnswer", price)))
    world.mine(*updates)
