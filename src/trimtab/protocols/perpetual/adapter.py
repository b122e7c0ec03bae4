"""The adapter of perpetual markets and of the caches of prices that they follow."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read
from trimtab.core.actions import (
    Action,
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    SettleFunding,
    Supply,
    Withdraw,
)
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import Accounts, Audit, Holding, Market, Unvalued
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.perpetual import encode, index_reads, logs, model, reads
from trimtab.protocols.perpetual.market import Index, IndexState, Perpetual, PerpetualState
from trimtab.protocols.perpetual.model import liquidation, trades, verbs
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.shared.reverts import RevertError

AnyState = PerpetualState | IndexState
"""What the adapter reads: a market, or the cache of prices that it follows."""


class PerpetualAdapter:
    """Margin and positions of accounts, and funding; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[AnyState]) -> tuple[Read, ...]:
        """The market in one round; of a cache what changes, then what is missing of its past."""
        market = cast(Perpetual | Index, question.market)
        if isinstance(market, Index):
            return index_reads.reads(market, cast(Question[IndexState], question))
        return reads.reads(market, cast(Question[PerpetualState], question))

    def decode(self, question: Question[AnyState], answers: Sequence[Answer]) -> AnyState:
        """The state that the answers give, on top of what is known."""
        market = cast(Perpetual | Index, question.market)
        if isinstance(market, Index):
            return index_reads.decode(market, cast(Question[IndexState], question), answers)
        return reads.decode(market, cast(Question[PerpetualState], question), answers)

    def accrue(self, state: AnyState, at: Timestamp) -> AnyState:
        """The state at a later moment; funding is booked only when the exchange is called."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """Margin in or out, a trade, a liquidation, or the settlement of funding."""
        market = _market(states, action)
        try:
            match action:
                case Supply():
                    return verbs.deposit(states, market, action)
                case Withdraw():
                    return verbs.withdraw(states, market, action)
                case SettleFunding():
                    return verbs.settle_funding(states, market, action)
                case LiquidatePosition():
                    return liquidation.liquidate(states, market, action)
                case OpenPosition() | ClosePosition():
                    return _traded(states, market, action)
                case _:
                    raise _impossible(action)
        except RevertError as error:
            return error.outcome

    def observe(self, state: AnyState, log: Log) -> AnyState:
        """The state after a log of the exchange, its vault, its pool or its cache of prices."""
        if isinstance(state, IndexState):
            return logs.observed_index(state, log)
        return logs.observed(state, log)

    def observe_all(self, state: AnyState, told: Sequence[Log]) -> AnyState:
        """The state after many logs; that of a market by a kernel, that of an index by none."""
        if isinstance(state, IndexState):
            return reduce(logs.observed_index, told, state)
        from trimtab.protocols.perpetual import maths  # and numpy, where it is needed at last

        return maths.observe_all(state, told)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        market = _market(states, action)
        match action:
            case Supply():
                return (encode.deposit(market, action),)
            case Withdraw():
                return (encode.withdraw(market, action),)
            case OpenPosition():
                return (encode.open_position(market, action),)
            case ClosePosition():
                return (encode.close_position(market, action),)
            case LiquidatePosition():
                return (encode.liquidate(market, action),)
            case SettleFunding():
                return (encode.settle_funding(market, action),)
            case _:
                raise _impossible(action)

    def holdings(
        self, states: States, market: Market[AnyState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's margin, and its position, which makes up what the account is worth.

        A position is worth its value at the mark price with what it cost, funding not yet
        booked, and all profit and loss that is not margin yet, also once it is closed.
        Raises Unvalued where the market cannot tell what it is worth.
        """
        if not isinstance(market, Perpetual):
            return ()
        has, place = states[market].account(account), market.position_place
        found = (Holding(market.margin_place, has.margin, has.margin),) if has.margin else ()
        if not (has.owed or has.size or has.open_notional):
            return found
        try:
            raw = model.account_value(states, market, account) - has.margin
        except MissingRead as error:
            raise Unvalued(str(error), place, (*found, Holding(place, has.size, 0))) from None
        return (*found, Holding(place, has.size, raw))

    def emitters(self, market: Market[AnyState]) -> tuple[Address, ...]:
        """The contracts of the exchange that tell of what is modelled, and the pool."""
        if isinstance(market, Index):
            return (market.address, market.exchange)
        found = cast(Perpetual, market)
        return (
            found.address,
            found.exchange,
            found.account_balance,
            found.vault,
            found.pool_address,
        )

    def audits(
        self, market: Market[AnyState], state: AnyState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The margin, and the size of the position, as the vault and the ledger state them."""
        if not isinstance(market, Perpetual):
            return ()
        margin, size = reads.margin_read(market, account), reads.size_read(market, account)
        return (
            Audit(market.margin_place, margin, is_signed=True),
            Audit(market.position_place, size, is_signed=True),
        )

    def narrow(self, state: AnyState, accounts: Accounts) -> AnyState:
        """The market, these owners' positions, and the insurance fund's."""
        if isinstance(state, IndexState):
            return state
        kept = dict.fromkeys((*accounts.owners, state.insurance_fund))
        return replace(state, accounts={owner: state.account(owner) for owner in kept})

    def taken_over(self, state: AnyState, owned: AnyState, accounts: Accounts) -> AnyState:
        """The state with the owners' accounts of `owned`; funding and insurance stay."""
        if isinstance(state, IndexState) or isinstance(owned, IndexState):
            return state
        taken = {owner: owned.account(owner) for owner in accounts.owners}
        return replace(state, accounts={**state.accounts, **taken})


def _traded(states: States, market: Perpetual, action: OpenPosition | ClosePosition) -> Applied:
    books = Books.of(states, market)
    if isinstance(action, OpenPosition):
        trades.open_position(books, action)
    else:
        trades.close_position(books, action)
    return books.applied(states)


def _market(states: States, action: Action) -> Perpetual:
    market = states.market(action.market)
    if not isinstance(market, Perpetual):
        raise _impossible(action)
    return market


def _impossible(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a perpetual cannot {action}")
