"""Pools whose states are recorded, as they answer: what the models give for a question.

A question is a function and its arguments as a recording names them, the amount last. One that
the models have no answer to is Unanswered, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from trimtab.core.quantise import Timestamp
from trimtab.protocols.balancer.market import WeightedState
from trimtab.protocols.balancer.model.pool import exchange_given_in, exchange_given_out
from trimtab.protocols.curve.market import StableState
from trimtab.protocols.curve.model.amounts import (
    calc_token_amount,
    calc_withdraw_one_coin,
    get_dy,
)
from trimtab.protocols.uniswap_v2.model.checked import RevertError
from trimtab.protocols.uniswap_v2.model.library import Sides, get_amount_in, get_amount_out
from trimtab.protocols.uniswap_v3.market import PoolState
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, last_price, swap

REVERTS: Literal["a revert"] = "a revert"
"""What stands for the answer of a model that refuses."""

Answer: TypeAlias = int | Literal["a revert"]


class UnansweredError(Exception):
    """The models have no answer to a question; the text says why."""


class Pool(Protocol):
    """A pool at the moment of its recorded state."""

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """What the model answers. Raises UnansweredError where there is no model of it."""


@dataclass(frozen=True, slots=True)
class NotModelled:
    """A pool of a protocol, or of a kind, that is not modelled."""

    name: str

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """Never one."""
        raise not_modelled(self.name)


@dataclass(frozen=True, slots=True)
class RangesPool:
    """A Uniswap V3 pool with all its ticks."""

    symbols: tuple[str, ...]
    state: PoolState

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """As the quoter has it where the last price there is is given as the limit.

        Then it answers where less comes out than was wanted, too, with what that takes.
        """
        (direction,) = _arguments(function, arguments, 1)
        zero_for_one = _direction(self.symbols, direction) == (0, 1)
        if not 0 < amount <= INT256_MAX:
            return REVERTS
        if function == "quoteExactInputSingle":
            return swap(self.state, zero_for_one, amount, last_price(zero_for_one)).amount_out
        if function == "quoteExactOutputSingle":
            return swap(self.state, zero_for_one, -amount, last_price(zero_for_one)).amount_in
        raise _no_function("uniswap_v3", function)


@dataclass(frozen=True, slots=True)
class ProductPool:
    """A Uniswap V2 pair; the fees keep so much of `parts` of token0 sold, and of token1."""

    symbols: tuple[str, ...]
    reserves: tuple[int, int]
    kept: tuple[int, int]
    parts: int

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """As the library has it."""
        (direction,) = _arguments(function, arguments, 1)
        i, j = _direction(self.symbols, direction)
        sides = Sides(self.reserves[i], self.reserves[j], self.kept[i], self.parts)
        try:
            if function == "getAmountOut":
                return get_amount_out(amount, sides)
            if function == "getAmountIn":
                return get_amount_in(amount, sides)
        except RevertError:
            return REVERTS
        raise _no_function("uniswap_v2", function)


@dataclass(frozen=True, slots=True)
class StablePool:
    """A Curve StableSwap pool of plain coins."""

    symbols: tuple[str, ...]
    state: StableState

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """As the pool's own views have it."""
        try:
            return self._answer(function, arguments, amount, self.state.timestamp)
        except ArithmeticError:
            return REVERTS

    def _answer(self, function: str, arguments: Sequence[str], amount: int, at: Timestamp) -> int:
        if function == "get_dy":
            (direction,) = _arguments(function, arguments, 1)
            i, j = _direction(self.symbols, direction)
            return get_dy(self.state, at, i, j, amount)
        if function == "calc_token_amount":
            kind, index = _arguments(function, arguments, 2)
            if kind not in ("deposit", "withdraw"):
                raise _no_function("curve", f"{function} {kind}")
            amounts = [0] * len(self.symbols)
            amounts[_index(index, "i", len(amounts))] = amount
            return calc_token_amount(self.state, at, amounts, kind == "deposit")
        if function == "calc_withdraw_one_coin":
            (index,) = _arguments(function, arguments, 1)
            i = _index(index, "i", len(self.symbols))
            return calc_withdraw_one_coin(self.state, at, amount, i)
        raise _no_function("curve", function)


@dataclass(frozen=True, slots=True)
class WeightedPool:
    """A Balancer V2 weighted pool."""

    symbols: tuple[str, ...]
    state: WeightedState

    def answer(self, function: str, arguments: Sequence[str], amount: int) -> Answer:
        """As the vault has it."""
        if function != "querySwap" or not arguments:
            raise _no_function("balancer", function)
        kind, *named = arguments
        count = len(self.symbols)
        if len(named) == 2:
            i, j = (_index(text, name, count) for text, name in zip(named, "ij", strict=True))
        else:
            i, j = _direction(self.symbols, *_arguments(function, named, 1))
        try:
            if kind == "GIVEN_IN":
                return exchange_given_in(self.state, i, j, amount).amount_out
            if kind == "GIVEN_OUT":
                return exchange_given_out(self.state, i, j, amount).amount_in
        except ArithmeticError:
            return REVERTS
        raise _no_function("balancer", f"{function} {kind}")


# ----------------------------------------------------------------------------------- arguments


def not_modelled(name: str) -> UnansweredError:
    """The reason of a protocol, or of a part of one, without a model."""
    return UnansweredError(f"protocol not modelled: {name}")


def _no_function(protocol: str, function: str) -> UnansweredError:
    return not_modelled(f"{protocol} {function[:60]}")


def _arguments(function: str, arguments: Sequence[str], count: int) -> Sequence[str]:
    if len(arguments) != count:
        raise UnansweredError(f"{function[:60]} with arguments that are not understood")
    return arguments


def _direction(symbols: Sequence[str], text: str) -> tuple[int, int]:
    """The places of the tokens in `IN->OUT`."""
    sold, arrow, bought = text.partition("->")
    if not arrow or not {sold, bought} <= {*symbols} or sold == bought:
        raise UnansweredError("a swap of tokens that the pool's state does not name")
    return symbols.index(sold), symbols.index(bought)


def _index(text: str, name: str, count: int) -> int:
    """The place in a text such as `i=1`."""
    found = re.fullmatch(rf"{name}=([0-9]{{1,2}})", text)
    if found is None or int(found[1]) >= count:
        raise UnansweredError("a token that the pool's state does not name")
    return int(found[1])
