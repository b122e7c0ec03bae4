"""Which pools a swap goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trimtab.core.errors import NoRoute
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.routing.exchanges import Exchange, offer, tokens_of


@dataclass(frozen=True, slots=True)
class Part:
    """What one pool takes of a swap, and what its model gives for it.

    `fee` is the pool's own part of `amount_in`, in the same token.
    """

    pool: Exchange
    amount_in: int
    amount_out: int
    fee: int


class Router(Protocol):
    """How much of a swap goes through which pool."""

    def route(
        self, states: States, pools: Sequence[Exchange], sold: Token, bought: Token, amount: int
    ) -> tuple[Part, ...]:
        """The parts of selling `amount`: they sum to it, or there are none if it is too much.

        Raises NoRoute where no pool trades the two tokens.
        """


@dataclass(frozen=True, slots=True)
class BestSinglePool:
    """The whole amount through the one pool that gives most, by the exact model."""

    def route(
        self, states: States, pools: Sequence[Exchange], sold: Token, bought: Token, amount: int
    ) -> tuple[Part, ...]:
        """One part. A pool that has no price, or cannot take the whole amount, is passed over."""
        fitting = [pool for pool in pools if {sold, bought} <= {*tokens_of(pool)}]
        if not fitting:
            raise NoRoute(
                f"no pool of {sold.symbol} and {bought.symbol} is in use: add one to the "
                "mandate's markets, or do not ask for both tokens"
            )
        parts: list[Part] = []
        for pool in fitting:
            try:
                found = offer(states, pool, sold, bought, amount)
            except NoRoute:
                continue
            if found.taken == amount and found.given:
                parts.append(Part(pool, amount, found.given, found.fee))
        best = max(parts, key=lambda part: (part.amount_out, part.pool.id), default=None)
        return () if best is None else (best,)
