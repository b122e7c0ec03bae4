import pytest
from eth_abi.abi import encode

from tests.unit.protocols.uniswap_v3.pools import ACTOR, FRIEND, PLAIN, POOL, TOKEN0, TOKEN1, states
from trimtab.core.abi import Call, Log, selector, topic, word
from trimtab.core.actions import Swap, SwapExactOut, UpdateAnswer
from trimtab.core.errors import InvariantViolation
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3 import UniswapV3Adapter
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, LOWEST_LIMIT, swap

ADAPTER = UniswapV3Adapter()
SWAP = Swap(ACTOR, POOL.id, TOKEN1, TOKEN0, 10**9, 7, Timestamp(2**40), FRIEND)
OTHER = UpdateAnswer(ACTOR, POOL.id, 1)
TYPES = "(address,address,uint24,address,uint256,uint256,uint256,uint160)"


def test_encode__swaps__the_routers_calls() -> None:
    order = (TOKEN1.address, TOKEN0.address, 3_000, FRIEND, 2**40, 10**9, 7, 0)
    data = selector(f"exactInputSingle({TYPES})") + encode([TYPES], [order])
    assert ADAPTER.encode(states(PLAIN), SWAP) == (Call(POOL.router, data),)
    buy = SwapExactOut(ACTOR, POOL.id, TOKEN1, TOKEN0, 5, 9, Timestamp(2**40), FRIEND, limit=11)
    order = (*order[:5], 5, 9, 11)
    data = selector(f"exactOutputSingle({TYPES})") + encode([TYPES], [order])
    assert ADAPTER.encode(states(PLAIN), buy) == (Call(POOL.router, data),)


def test_apply__swap__only_the_pool_changes() -> None:
    outcome = ADAPTER.apply(states(PLAIN), SWAP)
    assert isinstance(outcome, Applied)
    assert list(outcome.changed) == [POOL.id]


def test_adapter__action_of_another_protocol__violation() -> None:
    with pytest.raises(InvariantViolation, match="a pool cannot UpdateAnswer"):
        ADAPTER.apply(states(PLAIN), OTHER)
    with pytest.raises(InvariantViolation, match="a pool cannot UpdateAnswer"):
        ADAPTER.encode(states(PLAIN), OTHER)


def test_holdings__anyone__none() -> None:
    assert ADAPTER.holdings(states(PLAIN), POOL, ACTOR) == ()


def swap_log(amount0: int, amount1: int, price: int, liquidity: int, tick: int) -> Log:
    kind = topic("Swap(address,address,int256,int256,uint160,uint128,int24)")
    data = b"".join(map(word, (amount0, amount1, price, liquidity, tick)))
    return Log(POOL.address, (kind,), data, 1, PLAIN.timestamp, "0x", 0)


@pytest.mark.parametrize("zero_for_one, limit", [(True, LOWEST_LIMIT), (False, HIGHEST_LIMIT)])
def test_observe__swap_to_the_last_price_there_is__followed(zero_for_one: bool, limit: int) -> None:
    walk = swap(PLAIN, zero_for_one, 10**60, limit)
    moved = (walk.amount_in, -walk.amount_out)
    log = swap_log(*(moved if zero_for_one else moved[::-1]), limit, walk.liquidity, walk.tick)
    assert ADAPTER.observe(PLAIN, log) == walk.arrived(PLAIN)


@pytest.mark.parametrize(
    "price", [0, 5, MIN_SQRT_PRICE, MAX_SQRT_PRICE, MAX_SQRT_PRICE + 1, 2**256 - 1]
)
@pytest.mark.parametrize("amounts", [(10**30, -1), (-1, 10**30)])
def test_observe__swap_to_no_price__ticks_are_read_anew(
    price: int, amounts: tuple[int, int]
) -> None:
    log = swap_log(*amounts, price, PLAIN.liquidity, PLAIN.tick)
    assert ADAPTER.observe(PLAIN, log) == PLAIN.unread()
