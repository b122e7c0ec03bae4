"""The law on tokens of no decimals and of 27: pools count base units, whatever people call them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.laws import erc20, uniswap_v2, uniswap_v3
from tests.laws.law import Port, read_states
from tests.laws.stages import Stage
from tests.support import evm
from trimtab.core.market import tracked
from trimtab.lab.world import (
    DEFAULT_WORLD,
    PairSpec,
    PoolSpec,
    PositionSpec,
    TokenSpec,
    local_world,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book

pytestmark = pytest.mark.chain

CASES = 400
FUNDS = {"WHOLE": 5_000, "LONG": 5_000_000 * 10**27}
ODD = replace(
    DEFAULT_WORLD,
    tokens=(
        *DEFAULT_WORLD.tokens,
        TokenSpec("WHOLE", 0, 2_000 * 10**8, heartbeat=3_600),
        TokenSpec("LONG", 27, 10**8, heartbeat=3_600),
    ),
    pools=(PoolSpec("WHOLE", "LONG", 3_000, (PositionSpec(1_000_000), PositionSpec(90_000, 600))),),
    pairs=(PairSpec("WHOLE", "LONG", 1_000_000),),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with local_world(ODD) as world:
        owners = world.deployment.agents[:3]
        world.mine(
            *(world.funding(o, symbol, raw) for symbol, raw in FUNDS.items() for o in owners)
        )
        book = read_book(world.deployment.to_json(), "the odd world")
        odd = {book.token(symbol) for symbol in FUNDS}
        markets = tuple(
            each
            for each in book.markets.values()
            if getattr(each, "token", None) in odd or getattr(each, "token0", None) in odd
        )
        accounts = tracked(owners, markets)
        machine = evm.load(world.rpc)
        yield Stage(world, accounts, read_states(machine, ADAPTERS, markets, accounts), machine)


@pytest.mark.parametrize(
    "port", [erc20.PORT, uniswap_v2.PORT, uniswap_v3.PORT], ids=lambda port: port.name
)
def test_model__no_decimals_and_27__equals_the_chain(
    port: Port, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    tally = stage.in_process(port, CASES)
    record_property("told", f"law {port.name} of odd decimals: {tally.cases} cases, 0 mismatches")
    assert tally.cases >= CASES
    swaps = {"Swap", "SwapExactOut"} & set(port.kinds)
    assert all(tally.reached[kind] for kind in swaps)
