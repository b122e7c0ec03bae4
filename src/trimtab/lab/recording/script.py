"""Recorded others as a script: they act again, whatever the chain shows them now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.abi import Call
from trimtab.core.actions import (
    Action,
    Borrow,
    Collect,
    Delegate,
    Liquidate,
    LiquidatePosition,
    MintShares,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    SettleFunding,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    Withdraw,
)
from trimtab.core.errors import DataError
from trimtab.core.market import Head
from trimtab.core.token import Address
from trimtab.engine.recorded import RecordedBlock
from trimtab.lab.agents import Order
from trimtab.lab.prices import Break
from trimtab.lab.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Replayed:
    """What others ordered in each block, for the conductor; see `conductor.Script`."""

    blocks: tuple[RecordedBlock, ...]
    breaks: tuple[Break, ...] = ()

    def at(self, block: int) -> tuple[tuple[Address, Order], ...]:
        """Who ordered what in a conducted block, in the order in which it was given then."""
        given = sorted(self.blocks[block - 1].orders, key=lambda order: order.rank)
        return tuple((each.sender, Order(each.action, each.tip)) for each in given)

    def is_silent(self, agent: str, block: int) -> bool:
        """Nobody is: what was not done then was not recorded."""
        return False

    def base_fee(self, block: int, drawn: Callable[[Fraction], int]) -> int:
        """What gas cost in a block; what is drawn, after the last one."""
        is_recorded = block <= len(self.blocks)
        return self.blocks[block - 1].base_fee if is_recorded else drawn(Fraction(1))

    def check(self, block: int, head: Head) -> None:
        """Raise DataError if a block was conducted at another moment than recorded."""
        recorded = self.blocks[block - 1]
        if head.timestamp != recorded.timestamp:
            raise DataError(
                f"block {block} is of {head.timestamp}, and {recorded.timestamp} was recorded: the "
                "recording is of another version of the local world; record it anew"
            )


@dataclass(frozen=True, slots=True)
class FirstPrices:
    """Outside prices that nobody asks for: recorded others do not look at them."""

    prices: Mapping[str, int]

    def at(self, step: int) -> Mapping[str, int]:
        """The prices at which the world began."""
        return self.prices


def named_in(scenario: Scenario) -> tuple[Address, ...]:
    """Who acts in a scenario or is acted for, each once: the accounts whose positions matter."""
    return tuple(
        dict.fromkeys(
            account
            for cue in scenario.cues
            for account in (cue.account, *_beneficiaries(cue.order.action))
        )
    )


def _beneficiaries(action: Action | Call) -> tuple[Address, ...]:
    match action:
        case Transfer(to=account) | Withdraw(to=account) | Swap(recipient=account):
            return (account,)
        case SwapExactOut(recipient=account) | Collect(recipient=account):
            return (account,)
        case RemoveLiquidity(recipient=account) | RemoveLiquidityOne(recipient=account):
            return (account,)
        case Supply(on_behalf_of=account) | Repay(on_behalf_of=account):
            return (account,)
        case Borrow(on_behalf_of=account) | MintShares(on_behalf_of=account):
            return (account,)
        case RedeemShares(to=account) | Delegate(to=account) | Liquidate(owner=account):
            return (account,)
        case LiquidatePosition(owner=account) | SettleFunding(owner=account):
            return (account,)
        case _:
            return ()
