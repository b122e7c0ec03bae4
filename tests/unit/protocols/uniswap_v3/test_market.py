from dataclasses import replace

import pytest

from tests.unit.protocols.uniswap_v3.pools import MINTER, PLAIN, POOL, TOKEN0, TOKEN1
from trimtab.core.errors import ConfigError
from trimtab.core.market import tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v3 import Observation, Oracle, UniswapV3Adapter
from trimtab.protocols.uniswap_v3.market import KEPT

ADAPTER = UniswapV3Adapter()


@pytest.mark.parametrize("token0", [TOKEN1, TOKEN0])
def test_pool__tokens_in_the_wrong_order_or_the_same__refused(token0: Token) -> None:
    with pytest.raises(ConfigError, match="orders its tokens by address"):
        replace(POOL, token0=token0, token1=TOKEN0)


def test_pool__what_others_must_track__its_balances_its_router_and_its_minter() -> None:
    accounts = tracked((), (POOL,))
    assert accounts.spenders == (POOL.router, MINTER)
    assert replace(POOL, minter=None).spenders == (POOL.router,)
    assert accounts.custodians == {TOKEN0: (POOL.address,), TOKEN1: (POOL.address,)}


def test_pool_state__missing_parts__named() -> None:
    assert PLAIN.is_whole
    partly = replace(PLAIN, ticks={60_000: PLAIN.ticks[60_000]})
    assert (partly.is_whole, partly.missing_ticks) == (False, (-60_000,))
    assert not PLAIN.unread().is_whole
    assert PLAIN.unread().missing_ticks == PLAIN.missing_ticks == ()


def test_adapter__no_positions__nothing_held_or_audited() -> None:
    assert ADAPTER.emitters(POOL) == (POOL.address,)
    assert ADAPTER.audits(POOL, None, POOL.address) == ()


def test_pool_state__unread__ticks_and_past_to_be_read() -> None:
    oracle = Oracle(1, 3, 9, tuple(Observation(at, 0, 0) for at in (1, 2, 3)))
    state = replace(PLAIN, oracle=oracle)
    assert state.is_whole
    assert state.unread().oracle == Oracle(1, 3, 9, (), (2, 0, 1))
    assert not replace(state, oracle=state.unread().oracle).is_whole
    ring = Oracle(5, 2_000, 2_000).unread()
    assert ring.missing == (*range(2_000 - 506, 2_000), *range(6))
    assert len(ring.missing) == KEPT
    assert Oracle().unread() == Oracle() == Oracle(0, 0, 0, (), ())


def test_accrue__later__only_the_clock_moves() -> None:
    later = Timestamp(PLAIN.timestamp + 5)
    assert ADAPTER.accrue(PLAIN, later) == replace(PLAIN, timestamp=later)
