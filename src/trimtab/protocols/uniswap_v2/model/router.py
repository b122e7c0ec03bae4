"""What the router does, in its order of checks. Source: UniswapV2Router02.sol.

Each verb returns what it did or raises RevertError.
"""

from collections.abc import Sequence

from trimtab.core.actions import AddLiquidity, RemoveLiquidity, Swap, SwapExactOut
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.protocols.shared import tokens
from trimtab.protocols.uniswap_v2.market import Pair, PairState
from trimtab.protocols.uniswap_v2.model import library
from trimtab.protocols.uniswap_v2.model.checked import refuse, sub
from trimtab.protocols.uniswap_v2.model.pair import (
    burnt,
    minted,
    moved,
    spent,
    swapped,
    updated,
    with_k_last,
)

# -------------------------------------------------------------------------------------- swaps


def swap(states: States, pair: Pair, action: Swap) -> Applied:
    """SwapExactTokensForTokens with a path of two."""
    state = states[pair]
    _ensure(state, action.deadline)
    of = library.sides(state, pair, pair.is_zero_for_one(action.token_in))
    amount_out = library.get_amount_out(action.amount_in, of)
    if amount_out < action.min_out:
        raise refuse("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT")
    return _exchanged(states, pair, action, action.amount_in, amount_out)


def swap_exact_out(states: States, pair: Pair, action: SwapExactOut) -> Applied:
    """SwapTokensForExactTokens with a path of two."""
    state = states[pair]
    _ensure(state, action.deadline)
    of = library.sides(state, pair, pair.is_zero_for_one(action.token_in))
    amount_in = library.get_amount_in(action.amount_out, of)
    if amount_in > action.max_in:
        raise refuse("UniswapV2Router: EXCESSIVE_INPUT_AMOUNT")
    return _exchanged(states, pair, action, amount_in, action.amount_out)


def _exchanged(
    states: States, pair: Pair, action: Swap | SwapExactOut, amount_in: int, amount_out: int
) -> Applied:
    """The payment first, by the router's allowance, then the pair's `swap`."""
    recipient = action.recipient
    taken = _taken(states, pair, action.actor, (action.token_in, amount_in))
    if amount_out == 0:
        raise refuse("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
    if recipient in (pair.token0.address, pair.token1.address):
        raise refuse("UniswapV2: INVALID_TO")
    sent = _sent(states, pair, recipient, (action.token_out, amount_out))
    out = (0, amount_out) if pair.is_zero_for_one(action.token_in) else (amount_out, 0)
    lying = _lying(states, pair, (taken, sent))
    state = swapped(states[pair], pair, out, lying)
    return Applied({pair.id: state}, (taken, sent))


# ---------------------------------------------------------------------------------- liquidity


def add_liquidity(states: States, pair: Pair, action: AddLiquidity) -> Applied:
    """addLiquidity, with the tokens in the pair's order."""
    state = states[pair]
    _ensure(state, action.deadline)
    amounts = _proportionate(state, action)
    taken = tuple(
        _taken(states, pair, action.actor, each) for each in zip(pair.tokens, amounts, strict=True)
    )
    lying = _lying(states, pair, taken)
    return Applied({pair.id: minted(state, pair, action.actor, lying)}, taken)


def _proportionate(state: PairState, action: AddLiquidity) -> tuple[int, int]:
    """What of the offered amounts is taken. Source: `_addLiquidity`.

    An empty pair takes all; the least amounts are not looked at then.
    """
    desired0, desired1 = action.amounts
    least0, least1 = action.least_amounts or (0, 0)
    if state.reserve0 == 0 and state.reserve1 == 0:
        return desired0, desired1
    amount1 = library.quote(desired0, state.reserve0, state.reserve1)
    if amount1 <= desired1:
        if amount1 < least1:
            raise refuse("UniswapV2Router: INSUFFICIENT_B_AMOUNT")
        return desired0, amount1
    amount0 = library.quote(desired1, state.reserve1, state.reserve0)
    if amount0 < least0:
        raise refuse("UniswapV2Router: INSUFFICIENT_A_AMOUNT")
    return amount0, desired1


def remove_liquidity(states: States, pair: Pair, action: RemoveLiquidity) -> Applied:
    """removeLiquidity, with the tokens in the pair's order: whatever lies in the pair is burnt."""
    state = states[pair]
    _ensure(state, action.deadline)
    state = spent(state, action.actor, pair.router, action.shares)
    state = transferred(state, pair, action.actor, pair.address, action.shares)
    out = burnt(state, pair, _lying(states, pair, ()))
    sent = tuple(
        _sent(states, pair, action.recipient, each)
        for each in zip(pair.tokens, out.amounts, strict=True)
    )
    state = with_k_last(updated(out.state, _lying(states, pair, sent)))
    for letter, amount, least in zip("AB", out.amounts, action.least, strict=True):
        if amount < least:
            raise refuse(f"UniswapV2Router: INSUFFICIENT_{letter}_AMOUNT")
    return Applied({pair.id: state}, sent)


def transferred(
    state: PairState, pair: Pair, source: Address, target: Address, raw: int
) -> PairState:
    """The state after `transfer` of shares. Source: UniswapV2ERC20.sol."""
    sub(state.shares.balance(source), raw)
    return moved(state, pair.address, source, target, raw)


# ------------------------------------------------------------------------------------- shared


def _ensure(state: PairState, deadline: Timestamp) -> None:
    if deadline < state.timestamp:
        raise refuse("UniswapV2Router: EXPIRED")


def _taken(states: States, pair: Pair, owner: Address, what: tuple[Token, int]) -> Movement:
    """What the router takes for the pair; every refusal of the token is renamed."""
    token, raw = what
    taken = tokens.take(states, token, owner, pair.router, pair.address, raw)
    if isinstance(taken, Reverted):
        raise refuse("TransferHelper: TRANSFER_FROM_FAILED")
    return taken


def _sent(states: States, pair: Pair, recipient: Address, what: tuple[Token, int]) -> Movement:
    """What the pair sends; every refusal of the token is renamed."""
    token, raw = what
    sent = tokens.send(states, token, pair.address, recipient, raw)
    if isinstance(sent, Reverted):
        raise refuse("UniswapV2: TRANSFER_FAILED")
    return sent


def _lying(states: States, pair: Pair, movements: Sequence[Movement]) -> tuple[int, int]:
    """What the pair has of its tokens after these movements."""
    lying0, lying1 = (
        tokens.balances(states, token).balance(pair.address)
        + sum(
            each.raw * ((each.target == pair.address) - (each.source == pair.address))
            for each in movements
            if each.token == token
        )
        for token in pair.tokens
    )
    return lying0, lying1
