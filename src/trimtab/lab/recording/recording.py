"""A recording: how a world began, and what others did in it. Never a later state, never our own.

Source: the plan of the house, "Four worlds, three classes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.chain.fees import highest_base_fee
from trimtab.core.abi import Call
from trimtab.core.errors import DataError
from trimtab.core.market import Market, State, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Reading, decode
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.engine.recorded import RecordedBlock
from trimtab.lab.mining import Waiting, ordered
from trimtab.mandate import AddressBook
from trimtab.mandate.adapters import ADAPTERS


@dataclass(frozen=True, slots=True)
class SetUp:
    """What makes the same world again, on which the same manager begins with the same book.

    `prices` are the outside prices at which it begins, in dollars times 10**8 by symbol;
    `endowment` and `capital` are base units: what others and what the manager's account got.
    """

    seed: int
    block_seconds: int
    prices: Mapping[str, int]
    endowment: Mapping[Address, Mapping[Token, int]]
    capital: Mapping[Token, int]


@dataclass(frozen=True, slots=True)
class Recording:
    """A world's beginning and others' life in it.

    `account` is the manager's, `owners` everybody whose positions the first reading tells,
    `start` that reading: raw answers, one block before the first of `blocks`.
    """

    set_up: SetUp
    book: AddressBook
    account: Address
    owners: tuple[Address, ...]
    start: Reading
    blocks: tuple[RecordedBlock, ...]

    @property
    def markets(self) -> tuple[Market[State], ...]:
        """Every market of the world: others act on all of them."""
        return tuple(self.book.markets.values())

    def states(self) -> States:
        """What the first reading tells. Raises DataError where it tells too little."""
        accounts = tracked(self.owners, self.markets)
        return decode(ADAPTERS, self.markets, accounts, None, self.start)

    def check(self) -> None:
        """Raise DataError for a recording that no conducted world can have left."""
        if self.account not in self.owners:
            raise DataError(f"the manager's account {self.account} is not among the accounts")
        at = self.start.head.timestamp
        base_fee: int | None = None
        for number, block in enumerate(self.blocks, 1):
            try:
                _check_moment(block, at, base_fee)
                _check_order(block)
                self._check_actors(block)
            except DataError as error:
                raise DataError(f"block {number} of the recording is none: {error}") from None
            at, base_fee = block.timestamp, block.base_fee

    def _check_actors(self, block: RecordedBlock) -> None:
        for order in block.orders:
            if order.sender not in self.owners:
                raise DataError(f"{order.sender} acts and is not among the accounts")
            if order.sender == self.account:
                raise DataError(f"{order.sender} acts, which is the manager's own account")
            if not isinstance(order.action, Call) and order.action.actor != order.sender:
                raise DataError(f"{order.sender} acts for {order.action.actor}")


def _check_moment(block: RecordedBlock, at: Timestamp, base_fee: int | None) -> None:
    """Raise DataError unless the block can come after one of this moment and base fee."""
    if block.timestamp <= at:
        raise DataError(f"it is of {block.timestamp}, the block before it of {at}")
    if block.base_fee <= 0:
        raise DataError(f"its base fee is {block.base_fee} wei")
    if base_fee is not None and block.base_fee > highest_base_fee(base_fee, 1):
        raise DataError(
            f"its base fee is {block.base_fee} wei after {base_fee}, and no block raises it by "
            "more than an eighth"
        )


def _check_order(block: RecordedBlock) -> None:
    """Raise DataError unless the orders stand as block builders put them."""
    waiting = [Waiting(o.sender, o.rank, o.tip, o.rank, ("", ())) for o in block.orders]
    found = [each.rank for each in ordered(waiting)]
    if sorted(found) != list(range(len(found))):
        raise DataError(f"the ranks of its {len(found)} orders are {sorted(found)}")
    if found != [order.rank for order in block.orders]:
        raise DataError("its orders do not stand in the order of their tips")
