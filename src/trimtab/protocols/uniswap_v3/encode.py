"""Swaps as calls of the router."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Swap, SwapExactOut
from trimtab.protocols.uniswap_v3.market import Pool

_ORDER = "((address,address,uint24,address,uint256,uint256,uint256,uint160))"


def exact_input_single(pool: Pool, action: Swap) -> Call:
    """The call of `exactInputSingle`."""
    return _single(pool, "exactInputSingle", action, action.amount_in, action.min_out)


def exact_output_single(pool: Pool, action: SwapExactOut) -> Call:
    """The call of `exactOutputSingle`."""
    return _single(pool, "exactOutputSingle", action, action.amount_out, action.max_in)


def _single(pool: Pool, name: str, action: Swap | SwapExactOut, amount: int, bound: int) -> Call:
    """A call whose one argument is a static tuple, so that its words stand in line."""
    data = call_data(
        name + _ORDER,
        action.token_in.address,
        action.token_out.address,
        pool.fee,
        action.recipient,
        action.deadline,
        amount,
        bound,
        action.limit,
    )
    return Call(pool.router, data)
