import pytest
from eth_abi.abi import encode

from tests.unit.protocols.uniswap_v3.pools import ACTOR, FRIEND, PLAIN, POOL, TOKEN0, TOKEN1, states
from trimtab.core.abi import Call, selector
from trimtab.core.actions import Swap, UpdateAnswer
from trimtab.core.errors import InvariantViolation
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied
from trimtab.protocols.uniswap_v3 import UniswapV3Adapter

ADAPTER = UniswapV3Adapter()
SWAP = Swap(ACTOR, POOL.id, TOKEN1, TOKEN0, 10**9, 7, Timestamp(2**40), FRIEND)
OTHER = UpdateAnswer(ACTOR, POOL.id, 1)
TYPES = "(address,address,uint24,address,uint256,uint256,uint256,uint160)"


def test_encode__swap__the_routers_call_without_price_limit() -> None:
    order = (TOKEN1.address, TOKEN0.address, 3_000, FRIEND, 2**40, 10**9, 7, 0)
    data = selector(f"exactInputSingle({TYPES})") + encode([TYPES], [order])
    assert ADAPTER.encode(states(PLAIN), SWAP) == (Call(POOL.router, data),)


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
