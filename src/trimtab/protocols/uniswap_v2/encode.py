"""Actions as calls of the router, or of the pair for its shares."""

from trimtab.core.abi import Call, call_data, word
from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.protocols.uniswap_v2.market import Pair
from trimtab.protocols.uniswap_v2.model.routes import PairAction

_EXACT_IN = "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)"
_EXACT_OUT = "swapTokensForExactTokens(uint256,uint256,address[],address,uint256)"
_ADD = "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)"
_REMOVE = "removeLiquidity(address,address,uint256,uint256,uint256,address,uint256)"
_PATH_AT = 5 * 32
"""Where the path begins, behind the five words of the arguments."""


def encoded(pair: Pair, action: PairAction) -> Call:
    """The one call of an action that the pair can do."""
    tokens = pair.token0.address, pair.token1.address
    match action:
        case Swap():
            return _swap(pair, _EXACT_IN, (action.amount_in, action.min_out), action)
        case SwapExactOut():
            return _swap(pair, _EXACT_OUT, (action.amount_out, action.max_in), action)
        case AddLiquidity():
            least = action.least_amounts or (0, 0)
            data = call_data(_ADD, *tokens, *action.amounts, *least, action.actor, action.deadline)
            return Call(pair.router, data)
        case RemoveLiquidity():
            amounts = action.shares, *action.least
            data = call_data(_REMOVE, *tokens, *amounts, action.recipient, action.deadline)
            return Call(pair.router, data)
        case Transfer():
            data = call_data("transfer(address,uint256)", action.to, action.amount)
            return Call(pair.address, data)
        case Approve():
            data = call_data("approve(address,uint256)", action.spender, action.amount)
            return Call(pair.address, data)


def _swap(
    pair: Pair, signature: str, amounts: tuple[int, int], action: Swap | SwapExactOut
) -> Call:
    path = (action.token_in.address, action.token_out.address)
    head = call_data(signature, *amounts, _PATH_AT, action.recipient, action.deadline)
    return Call(pair.router, head + word(len(path)) + b"".join(map(word, path)))
