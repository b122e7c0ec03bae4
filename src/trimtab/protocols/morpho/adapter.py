"""The Morpho adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import UINT256_MAX, Answer, Call, Log, Read, call_data
from trimtab.core.actions import (
    Action,
    Borrow,
    Delegate,
    Liquidate,
    Repay,
    Supply,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import Accounts, Audit, Holding, Market, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.protocols.morpho import encode, events, reads
from trimtab.protocols.morpho.market import LendingMarket, LendingState, Morpho, MorphoState
from trimtab.protocols.morpho.model import liquidation, verbs
from trimtab.protocols.morpho.model.queries import owed, supplied
from trimtab.protocols.morpho.oracles import (
    AnyState,
    FeedOracle,
    FeedOracleState,
    OracleState,
    PriceOracle,
)
from trimtab.protocols.shared.reverts import RevertError


class MorphoAdapter:
    """Markets, their contract and their oracles; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[AnyState]) -> tuple[Read, ...]:
        """Everything in one round."""
        match question.market:
            case Morpho() as contract:
                return reads.contract_reads(contract, question)
            case PriceOracle() as oracle:
                return reads.oracle_reads(oracle, question)
            case FeedOracle() as oracle:
                return reads.feed_oracle_reads(oracle, question)
            case market:
                return reads.reads(cast(LendingMarket, market), question)

    def decode(self, question: Question[AnyState], answers: Sequence[Answer]) -> AnyState:
        """The state that the answers give."""
        match question.market:
            case Morpho() as contract:
                return reads.decode_contract(contract, question, answers)
            case PriceOracle() as oracle:
                return reads.decode_oracle(oracle, question, answers)
            case FeedOracle() as oracle:
                return reads.decode_feed_oracle(oracle, question, answers)
            case market:
                return reads.decode(cast(LendingMarket, market), question, answers)

    def accrue(self, state: AnyState, at: Timestamp) -> AnyState:
        """The state at a later moment; what is stored moves only when the contract is called."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What an action does to a market, or a new price."""
        market = states.market(action.market)
        try:
            if isinstance(market, LendingMarket):
                return _applied(states, market, action)
            if isinstance(market, PriceOracle) and isinstance(action, UpdateAnswer):
                priced = replace(states[market], price=_price(action))
                return Applied({market.id: priced})
        except RevertError as error:
            return error.outcome
        raise _impossible(action)

    def observe(self, state: AnyState, log: Log) -> AnyState:
        """The state after a log of the contract or a rate model; an oracle logs nothing."""
        match state:
            case LendingState():
                return events.observe(state, log)
            case MorphoState():
                return events.observe_contract(state, log)
            case OracleState() | FeedOracleState():
                return state

    def observe_all(self, state: AnyState, told: Sequence[Log]) -> AnyState:
        """The state after many logs; that of a market by a kernel."""
        if isinstance(state, LendingState):
            from trimtab.protocols.morpho import maths  # and numpy, where it is needed at last

            return maths.observe_all(state, told)
        for log in told:
            state = self.observe(state, log)
        return state

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        market = states.market(action.market)
        if isinstance(market, LendingMarket):
            return (_encoded(market, states[market], action),)
        if isinstance(market, PriceOracle) and isinstance(action, UpdateAnswer):
            return (encode.set_price(market.address, _price(action)),)
        raise _impossible(action)

    def holdings(
        self, states: States, market: Market[AnyState], account: Address
    ) -> tuple[Holding, ...]:
        """What the account has lent, its collateral, and what it owes, interest included."""
        if not isinstance(market, LendingMarket):
            return ()
        state = states[market]
        position = state.position(account)
        lent, debt, collateral = _places(market)
        found = (
            Holding(lent, position.supply_shares, supplied(state, account), is_stated=False),
            Holding(collateral, position.collateral, position.collateral),
            Holding(debt, -position.borrow_shares, -owed(state, account), is_stated=False),
        )
        return tuple(holding for holding in found if holding.shares)

    def emitters(self, market: Market[AnyState]) -> tuple[Address, ...]:
        """The contract, and the rate model of a market that has one."""
        if isinstance(market, LendingMarket) and market.keeps_rate:
            return (market.address, market.rate_model)
        return (market.address,)

    def audits(
        self, market: Market[AnyState], state: AnyState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The shares and the collateral of the account as the contract stores them."""
        if not isinstance(market, LendingMarket):
            return ()
        number = int(market.market_id, 16)
        asked = Read(market.address, call_data("position(bytes32,address)", number, account))
        return tuple(Audit(place, asked, at) for at, place in enumerate(_places(market)))

    def narrow(self, state: AnyState, accounts: Accounts) -> AnyState:
        """A market's totals and these owners' positions; of the contract, their pairs."""
        match state:
            case LendingState():
                positions = {owner: state.position(owner) for owner in accounts.owners}
                return replace(state, positions=positions)
            case MorphoState():
                kept = {pair: state.authorisation(*pair) for pair in reads.pairs(accounts)}
                return replace(state, authorisations=kept)
            case OracleState() | FeedOracleState():
                return state

    def taken_over(self, state: AnyState, owned: AnyState, accounts: Accounts) -> AnyState:
        """The state with the owners' positions, or what they allow, of `owned`."""
        if isinstance(state, LendingState) and isinstance(owned, LendingState):
            positions = {owner: owned.position(owner) for owner in accounts.owners}
            return replace(state, positions={**state.positions, **positions})
        if isinstance(state, MorphoState) and isinstance(owned, MorphoState):
            theirs = {
                pair: is_so
                for pair, is_so in owned.authorisations.items()
                if pair[0] in accounts.owners
            }
            return replace(state, authorisations={**state.authorisations, **theirs})
        return state


def _places(market: LendingMarket) -> tuple[Place, Place, Place]:
    """Where an account can have something, in the order in which the contract keeps it."""
    return (
        Place(market.id, market.loan),
        Place(market.id, market.loan, "debt"),
        Place(market.id, market.collateral),
    )


def _applied(states: States, market: LendingMarket, action: Action) -> Applied:
    match action:
        case Supply() if _is_collateral(market, action.token):
            return verbs.supply_collateral(states, market, action)
        case Supply():
            return verbs.supply(states, market, action)
        case Withdraw() if _is_collateral(market, action.token):
            return verbs.withdraw_collateral(states, market, action)
        case Withdraw():
            return verbs.withdraw(states, market, action)
        case Borrow():
            _check_loan(market, action.token)
            return verbs.borrow(states, market, action)
        case Repay():
            _check_loan(market, action.token)
            return verbs.repay(states, market, action)
        case Liquidate() if not action.takes_shares:
            _check_sides(market, action)
            return liquidation.liquidate(states, market, action)
        case Delegate() if action.amount in (0, UINT256_MAX):
            return verbs.delegate(states, market, action)
        case _:
            raise _impossible(action)


def _encoded(market: LendingMarket, state: LendingState, action: Action) -> Call:
    match action:
        case Supply() if _is_collateral(market, action.token):
            return encode.supply_collateral(market, action)
        case Supply():
            return encode.supply(market, action)
        case Withdraw() if _is_collateral(market, action.token):
            return encode.withdraw_collateral(market, state, action)
        case Withdraw():
            return encode.withdraw(market, state, action)
        case Borrow():
            _check_loan(market, action.token)
            return encode.borrow(market, action)
        case Repay():
            _check_loan(market, action.token)
            return encode.repay(market, state, action)
        case Liquidate() if not action.takes_shares:
            _check_sides(market, action)
            return encode.liquidate(market, state, action)
        case Delegate() if action.amount in (0, UINT256_MAX):
            return encode.delegate(market, action)
        case _:
            raise _impossible(action)


def _price(action: UpdateAnswer) -> int:
    """The price that is set, which is never negative."""
    if not 0 <= action.answer <= UINT256_MAX:
        raise _impossible(action)
    return action.answer


def _is_collateral(market: LendingMarket, token: Token) -> bool:
    """Whether the token is the market's collateral, and not what it lends."""
    if token == market.collateral:
        return True
    _check_loan(market, token)
    return False


def _check_loan(market: LendingMarket, token: Token) -> None:
    if token != market.loan:
        raise MissingRead(
            f"{token} is not what {market.name} lends, which is {market.loan} against "
            f"{market.collateral}: use another market"
        )


def _check_sides(market: LendingMarket, action: Liquidate) -> None:
    _check_loan(market, action.debt_token)
    if action.collateral_token != market.collateral:
        raise MissingRead(
            f"{action.collateral_token} is no collateral of {market.name}, which takes "
            f"{market.collateral}: use another market"
        )


def _impossible(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a lending market cannot {action}")
