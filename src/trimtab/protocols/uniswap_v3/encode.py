"""A swap as a call of the router."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Swap
from trimtab.protocols.uniswap_v3.market import Pool

_EXACT_INPUT_SINGLE = (
    "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
)
_NO_PRICE_LIMIT = 0


def exact_input_single(pool: Pool, action: Swap) -> Call:
    """The call of `exactInputSingle`; its tuple is static, so its words stand in line."""
    data = call_data(
        _EXACT_INPUT_SINGLE,
        action.token_in.address,
        action.token_out.address,
        pool.fee,
        action.recipient,
        action.deadline,
        action.amount_in,
        action.min_out,
        _NO_PRICE_LIMIT,
    )
    return Call(pool.router, data)
