"""Which pools a swap goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trimtab.core.errors import NoRoute
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v3 import Pool, quote


@dataclass(frozen=True, slots=True)
class Part:
    """What one pool takes of a swap, and what its model gives for it.

    `fee` is the pool's own part of `amount_in`, in the same token.
    """

    pool: Pool
    amount_in: int
    amount_out: int
    fee: int


class Router(Protocol):
    """How much of a swap goes through which pool; the parts sum to the whole amount."""

    def route(
        self, states: States, pools: Sequence[Pool], sold: Token, bought: Token, amount: int
    ) -> tuple[Part, ...]:
        """The parts of selling `amount`. Raises NoRoute when no pool can take it."""


@dataclass(frozen=True, slots=True)
class BestSinglePool:
    """The whole amount through the one pool that gives most, by the exact model."""

    def route(
        self, states: States, pools: Sequence[Pool], sold: Token, bought: Token, amount: int
    ) -> tuple[Part, ...]:
        """One part. A pool that cannot take the whole amount is passed over."""
        pair = {sold, bought}
        parts = []
        for pool in pools:
            if {pool.token0, pool.token1} != pair:
                continue
            answer = quote(states[pool], pool, sold, amount)
            if answer.amount_in_used == amount and answer.amount_out:
                parts.append(Part(pool, amount, answer.amount_out, answer.fee_paid))
        if not parts:
            raise NoRoute(
                f"no pool of {sold.symbol} and {bought.symbol} can take {sold.amount(amount)}: "
                "add a pool to the mandate's markets, or trade less at once"
            )
        return (max(parts, key=lambda part: (part.amount_out, part.pool.id)),)
