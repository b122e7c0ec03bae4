"""Which actions a pair and its router know; the others are refused before anything is computed."""

from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v2.market import Pair

PairAction = Swap | SwapExactOut | AddLiquidity | RemoveLiquidity | Transfer | Approve


def known(pair: Pair, action: Action) -> PairAction:
    """The action, if the pair can do it as it is stated.

    Raises NoRoute for tokens that are not the pair's and for a bound that its contracts cannot
    check, and InvariantViolation for a kind of action that it does not have.
    """
    match action:
        case Swap() | SwapExactOut():
            _check_swap(pair, action)
        case AddLiquidity():
            _check_tokens(pair, action.tokens)
            _check_count(pair, "amounts", action.amounts, (2,))
            _check_count(pair, "least_amounts", action.least_amounts, (0, 2))
            if action.least:
                raise NoRoute(
                    f"{pair.name} cannot check that it gives {action.least} shares: bound the "
                    "amounts by `least_amounts`, and leave `least` at 0"
                )
            _check_ticks(pair, action.ticks)
        case RemoveLiquidity():
            _check_tokens(pair, action.tokens)
            _check_count(pair, "least", action.least, (2,))
            _check_ticks(pair, action.ticks)
        case Transfer() | Approve():
            if action.token != pair.share:
                raise NoRoute(
                    f"{pair.name} is the token {pair.address}, not {action.token.address}"
                )
        case _:
            raise InvariantViolation("INV-5 the adapter law", f"a pair cannot {action}")
    return action


def _check_swap(pair: Pair, action: Swap | SwapExactOut) -> None:
    zero_for_one = pair.is_zero_for_one(action.token_in)
    if action.token_out != (pair.token1 if zero_for_one else pair.token0):
        raise NoRoute(f"{pair.name} does not give {action.token_out} for {action.token_in}")
    if action.limit:
        raise NoRoute(
            f"{pair.name} knows no limit of the price: bound the amount, and leave `limit` at 0"
        )


def _check_tokens(pair: Pair, tokens: tuple[Token, ...]) -> None:
    if tokens != pair.tokens:
        named = ", ".join(map(str, tokens))
        raise NoRoute(
            f"{pair.name} holds {pair.token0} and {pair.token1}, in this order, not {named}"
        )


def _check_count(pair: Pair, what: str, values: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if len(values) not in expected:
        counts = " or ".join(map(str, expected))
        raise NoRoute(f"{pair.name} has two tokens: {len(values)} {what}, expected {counts}")


def _check_ticks(pair: Pair, ticks: tuple[int, ...]) -> None:
    if ticks:
        raise NoRoute(f"{pair.name} spreads liquidity over all prices: leave `ticks` empty")
