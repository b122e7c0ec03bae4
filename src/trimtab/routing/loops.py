"""Leveraged loops in one call each, paid by flash loans: what to enter and leave, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import Approve, Delegate, EnterLoop, LeaveLoop, Loop
from trimtab.core.adapter import apply
from trimtab.core.errors import NoRoute
from trimtab.core.market import Holding, Market, MarketId, Place, State
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.flash_loop.model.lenders import LendingPool, share_of
from trimtab.protocols.uniswap_v3 import Pool, quote, quote_exact_out
from trimtab.risk import health_factor
from trimtab.routing.bounds import WAD
from trimtab.routing.lenders import HEADROOM
from trimtab.routing.positions import Turn
from trimtab.routing.trades import HALVINGS, Terms

_BPS = 10**4


@dataclass(frozen=True, slots=True)
class Venue:
    """Where a loop of two tokens can be entered and left, and who lends for it."""

    loop: FlashLoop
    lender: LendingPool
    pool: LendingPool
    exchange: Pool
    collateral: Token
    debt: Token


def premium_rate(states: States, lender: LendingPool) -> Fraction:
    """The premium of a flash loan, as a share of it."""
    if isinstance(lender, LendingPool36):
        return Fraction(states[lender].flash_loan_premium, _BPS)
    return Fraction(states[lender].flash_loan_premium, _BPS)


def flash_loan_premiums(
    states: States, markets: Iterable[Market[State]]
) -> dict[MarketId, Fraction]:
    """The premium of each market that gives flash loans, as a share of them."""
    return {m.id: premium_rate(states, m) for m in markets if isinstance(m, LendingPool)}


# --------------------------------------------------------------------------------- the wishes


@dataclass(frozen=True, slots=True)
class Change:
    """What both sides of a loop are to grow by, in base units; below zero, to shrink by."""

    pool: LendingPool
    collateral: Token
    debt: Token
    supplied: int
    owed: int


def changes(
    states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Iterator[Change]:
    """Each pool of Aave's where a supply and a debt are both wished larger, or both smaller."""
    for owed in sorted(place for place in wishes if place.is_debt):
        pool = states.market(owed.market)
        if not isinstance(pool, LendingPool):
            continue
        for lent in sorted(wishes):
            if lent.market != pool.id or lent.is_debt or lent.token == owed.token:
                continue
            supplied = wishes[lent] - _raw(held, lent)
            owes = _raw(held, owed) - wishes[owed]
            if supplied * owes > 0:
                yield Change(pool, lent.token, owed.token, supplied, owes)


def without(
    held: Mapping[Place, Holding], wishes: Mapping[Place, int], change: Change, bought: int
) -> dict[Place, int]:
    """The wishes but for a debt that is to grow, and the collateral that it buys."""
    lent, owed = Place(change.pool.id, change.collateral), _debt(change)
    kept = max(wishes[lent] - bought, _raw(held, lent))
    return {**wishes, owed: _raw(held, owed), lent: kept}


def _debt(change: Change) -> Place:
    return Place(change.pool.id, change.debt, "debt")


def _raw(held: Mapping[Place, Holding], place: Place) -> int:
    return held[place].raw if place in held else 0


# ------------------------------------------------------------------------------------ the loop


def venues(terms: Terms, states: States, change: Change) -> Iterator[Venue]:
    """Where the change can be made, the cheapest loan first."""
    pools = {pool.id: pool for pool in terms.pools if isinstance(pool, Pool)}
    for loop in terms.loops:
        if change.pool.id not in loop.lenders:
            continue
        lenders = [states.markets[each] for each in loop.lenders if each in states.markets]
        able = [each for each in lenders if isinstance(each, LendingPool) and _has(each, change)]
        for lender in sorted(able, key=lambda each: (premium_rate(states, each), each.id)):
            for exchange in (pools[each] for each in loop.exchanges if each in pools):
                if {exchange.token0, exchange.token1} == {change.collateral, change.debt}:
                    sides = (change.collateral, change.debt)
                    yield Venue(loop, lender, change.pool, exchange, *sides)


def _has(lender: LendingPool, change: Change) -> bool:
    return any(reserve.token == change.debt for reserve in lender.reserves)


def bought_by(terms: Terms, states: States, change: Change) -> int:
    """About what the wished debt buys of the collateral, by the best exchange; 0 without one."""
    offers = []
    for venue in venues(terms, states, change):
        loan = _loan(states, venue, change.owed)
        try:
            found = quote(states[venue.exchange], venue.exchange, change.debt, loan)
        except NoRoute:
            continue
        offers.append(found.amount_out if found.amount_in_used == loan else 0)
    return max(offers, default=0)


def entered(terms: Terms, states: States, change: Change) -> Turn | None:
    """The largest loop that grows both sides no further than wished; None where there is none.

    Every fill keeps its bounds, and health stays above its limit by HEADROOM.
    """
    return _best(
        _sized(terms, states, venue, change.owed) for venue in venues(terms, states, change)
    )


def left(terms: Terms, states: States, change: Change, *, is_whole: bool = False) -> Turn | None:
    """The largest leaving that shrinks the debt no further than wished; None where there is none.

    `is_whole` asks for a little more than is owed, since debts grow until a plan lands.
    """
    wished = -change.owed
    if is_whole:
        wished += wished // 1000 + 1
    return _best(_sized(terms, states, venue, -wished) for venue in venues(terms, states, change))


def _best(found: Iterator[Turn | None]) -> Turn | None:
    """The largest, of the cheapest venue where several are as large."""
    turns = [turn for turn in found if turn is not None]
    return max(
        turns, key=lambda turn: (_action(turn).loan, -turn.fee - turn.slippage), default=None
    )


def _action(turn: Turn) -> Loop:
    assert isinstance(turn.action, EnterLoop | LeaveLoop), f"{turn.name} is no loop"
    return turn.action


def _sized(terms: Terms, states: States, venue: Venue, owed: int) -> Turn | None:
    """The largest loop, of up to a change of the debt, that all its bounds let through."""
    whole = _turn(terms, states, venue, owed)
    if whole is not None or not owed:
        return whole
    kept: Turn | None = None
    low, high = 0, abs(owed)
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        turn = _turn(terms, states, venue, middle if owed > 0 else -middle) if middle else None
        low, high, kept = (middle, high, turn) if turn is not None else (low, middle, kept)
    return kept


def _turn(terms: Terms, states: States, venue: Venue, owed: int) -> Turn | None:
    """The loop that changes a debt by so much, if it keeps its bounds and the models take it."""
    if terms.value(venue.debt, abs(owed)) <= terms.costs.action("EnterLoop"):
        return None
    try:
        turn = (
            _entering(terms, states, venue, owed)
            if owed > 0
            else _leaving(terms, states, venue, -owed)
        )
    except NoRoute:
        return None
    if turn is None or (terms.budget is not None and turn.sold > terms.budget):
        return None
    outcome = apply(terms.adapters, _allowed(terms, states, _action(turn)), turn.action)
    if isinstance(outcome, Reverted):
        return None
    was = health_factor(states, venue.pool, terms.account)
    now = health_factor(states.fold(outcome), venue.pool, terms.account)
    goal = Fraction(terms.health, WAD) * (1 + HEADROOM)
    return turn if now is None or now >= goal or (was is not None and now >= was) else None


def _allowed(terms: Terms, states: States, action: Loop) -> States:
    """The states in which the loop has the leave that it needs."""
    for leave, _ in leaves(states, action):
        outcome = apply(terms.adapters, states, leave)
        assert not isinstance(outcome, Reverted), f"{leave} is refused"
        states = states.fold(outcome)
    return states


def _loan(states: States, venue: Venue, owed: int) -> int:
    """The loan that with its premium makes no more than so much of a debt."""
    return int(owed / (1 + premium_rate(states, venue.lender)))


def _entering(terms: Terms, states: States, venue: Venue, owed: int) -> Turn | None:
    loan = _loan(states, venue, owed)
    found = quote(states[venue.exchange], venue.exchange, venue.debt, loan)
    if found.amount_in_used != loan:
        return None
    sold, got = terms.value(venue.debt, loan), terms.value(venue.collateral, found.amount_out)
    price = terms.prices.price(venue.collateral)
    by_model = quantise(found.amount_out * (1 - terms.fill_tolerance), 1, Rounding.UP)
    by_oracle = quantise(sold * (1 - terms.slippage), price, Rounding.UP)
    if by_oracle > by_model:
        return None
    least = by_oracle if terms.accepts_limit else by_model
    where = (venue.loop.id, venue.lender.id, venue.pool.id, venue.exchange.id)
    tokens = (venue.collateral, venue.debt)
    action = EnterLoop(terms.account, *where, *tokens, loan, least, terms.deadline)
    exchanged = terms.value(venue.debt, found.fee_paid)
    premium = sold * premium_rate(states, venue.lender)
    name = f"{venue.debt} for {venue.collateral} by a flash loan"
    accepted = terms.value(venue.collateral, least)
    return Turn(name, action, 0, sold, accepted, exchanged + premium, sold - exchanged - got)


def _leaving(terms: Terms, states: States, venue: Venue, loan: int) -> Turn | None:
    rate = premium_rate(states, venue.lender)
    wanted = loan + quantise(loan * rate, 1, Rounding.UP)
    found = quote_exact_out(states[venue.exchange], venue.exchange, venue.collateral, wanted)
    if found.amount_out != wanted:
        return None
    got, sold = terms.value(venue.debt, wanted), terms.value(venue.collateral, found.amount_in_used)
    price = terms.prices.price(venue.collateral)
    by_model = quantise(found.amount_in_used * (1 + terms.fill_tolerance), 1, Rounding.DOWN)
    by_oracle = quantise(got / (1 - terms.slippage), price, Rounding.DOWN)
    if by_model > by_oracle:
        return None
    most = by_oracle if terms.accepts_limit else by_model
    where = (venue.loop.id, venue.lender.id, venue.pool.id, venue.exchange.id)
    tokens = (venue.collateral, venue.debt)
    action = LeaveLoop(terms.account, *where, *tokens, loan, most, terms.deadline)
    exchanged = terms.value(venue.collateral, found.fee_paid)
    premium = terms.value(venue.debt, wanted - loan)
    name = f"{venue.collateral} for {venue.debt} by a flash loan"
    paid = terms.value(venue.collateral, most)
    return Turn(name, action, 0, paid, got, exchanged + premium, sold - exchanged - got)


# ----------------------------------------------------------------------------------- its leave


def leaves(states: States, action: Loop) -> Iterator[tuple[Delegate | Approve, Delegate | Approve]]:
    """What the account allows for a loop before it, and how that is taken back after it.

    Credit is for the loan and its premium as it is now, so that it also bounds the premium.
    """
    account, loop = action.actor, states.market(action.market).address
    pool, lender = states.market(action.pool), states.market(action.lender)
    assert isinstance(pool, LendingPool), f"{pool.name} is no lending pool of Aave's"
    assert isinstance(lender, LendingPool), f"{lender.name} is no lending pool of Aave's"
    if isinstance(action, EnterLoop):
        premium = quantise(action.loan * premium_rate(states, lender), 1, Rounding.UP)
        owed = action.loan + premium
        yield (
            Delegate(account, pool.id, action.debt, loop, owed),
            Delegate(account, pool.id, action.debt, loop, 0),
        )
    else:
        share = share_of(pool, action.collateral)
        yield (
            Approve(account, pool.id, share, loop, action.most + 1),
            Approve(account, pool.id, share, loop, 0),
        )
