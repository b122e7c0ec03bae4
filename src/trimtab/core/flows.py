"""What a block's events did to one account's book, place by place."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

from trimtab.core.abi import Log
from trimtab.core.adapter import Adapters, adapter_of, observed
from trimtab.core.market import Holding, Market, MarketId, Place, State, Unvalued, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Flow
from trimtab.core.states import Done, States
from trimtab.core.token import Address

Event = Log | Done
"""What tells of a change: a contract's own words, or a model's."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The states after the events, and what they tell of the account.

    `accruals` is what each place's worth grew by at constant shares, by time between the events
    and by indices that they moved. `held` is what the account had, when last looked at, where
    something happened.
    """

    states: States
    flows: tuple[Flow, ...]
    accruals: Mapping[Place, int] = field(default_factory=dict)
    held: Mapping[Place, Holding] = field(default_factory=dict)


def fold_events(
    adapters: Adapters,
    states: States,
    events: Iterable[Event],
    account: Address,
    is_ours: Callable[[str], bool],
) -> Folded:
    """Fold events, in order, into states that stand before them.

    Each market's clock is moved to an event's moment first, so that interest is apart from flows;
    so is that of every market that reads it, whose holdings it may be worth.
    A pool tells of one deposit in several logs, and between them a share has no meaning: a
    place whose shares a transaction changes moves by all that its logs did to it, in one flow
    after the others. A vault is paid by its token's log before or after its own, and what that
    does to the account's shares is part of their flow. What a position at a perpetual realises
    becomes margin: where a transaction moves the account's tokens, all that it does to the worth
    of a position is its flow too. Markets that no log tells of, feeds, stay as they are, whoever
    tells of the events: see `told_by_no_log`. Where a position cannot be valued meanwhile, it is
    worth what it was worth before. `is_ours` tells whether a transaction, by
    its hash, is one of ours.
    """
    by_emitter: dict[Address, list[MarketId]] = {}
    for market in states.markets.values():
        for emitter in adapter_of(adapters, market).emitters(market):
            by_emitter.setdefault(emitter, []).append(market.id)
    untold = told_by_no_log(adapters, states).keys()
    known: dict[Place, Holding] = {}
    flows: list[Flow] = []
    accruals: Counter[Place] = Counter()
    for transaction, within in groupby(events, key=lambda event: event.transaction):
        moved: list[Flow] = []
        drifts: Counter[Place] = Counter()
        paid: Counter[Place] = Counter()
        for event in within:
            touched = _touched(event, by_emitter)
            valued = _reading(states, touched)
            before = _held_in(adapters, states, valued, account, known)
            if any(states.state(each).timestamp != event.timestamp for each in valued):
                earlier = before
                states = _accrued(adapters, states, valued, Timestamp(event.timestamp))
                before = _held_in(adapters, states, valued, account, known)
                accruals.update(grown(earlier, before))
            states = _after(adapters, states, event, touched, untold)
            after = _held_in(adapters, states, valued, account, known)
            for place, raw in grown(before, after).items():
                if not raw or not _is_paid_by(place, event):
                    drifts[place] += raw
                elif not _paid_out(moved, place, raw):
                    paid[place] += raw
            if _mentions(event, account):
                found = _differences(before, after, event, is_ours(transaction))
                moved += [replace(flow, raw=flow.raw + paid.pop(flow.place, 0)) for flow in found]
        drifts.update(paid)
        flows += [flow for flow in moved if flow.place.is_simple]
        flows += _pooled(moved, drifts)
        accruals.update(drifts)
    grew = {place: raw for place, raw in accruals.items() if raw}
    return Folded(states, tuple(flows), grew, known)


def _is_paid_by(place: Place, event: Event) -> bool:
    """Whether a log of the token itself moved what shares of it in another market are worth."""
    is_of_token = isinstance(event, Log) and event.address == place.token.address
    return is_of_token and place.is_simple and place.market != token_market(place.token)


def _paid_out(moved: list[Flow], place: Place, raw: int) -> bool:
    """Whether what was paid out is for shares that are gone already; it is told with them then."""
    found = [at for at, flow in enumerate(moved) if flow.place == place]
    if raw > 0 or not found:
        return False
    moved[found[-1]] = replace(moved[found[-1]], raw=moved[found[-1]].raw + raw)
    return True


def _pooled(moved: list[Flow], drifts: Counter[Place]) -> tuple[Flow, ...]:
    """A transaction's one flow for each place in a pool, or position, with its drift meanwhile."""
    for place in [place for place, raw in drifts.items() if place.is_position and raw]:
        if touching := [flow for flow in moved if flow.place.token == place.token]:
            moved = [*moved, replace(touching[0], place=place, shares=0, raw=drifts.pop(place))]
    flows = summed(flow for flow in moved if not flow.place.is_simple)
    return tuple(replace(flow, raw=flow.raw + drifts.pop(flow.place, 0)) for flow in flows)


def summed(flows: Iterable[Flow]) -> tuple[Flow, ...]:
    """The flows of each transaction, in order, as one a place, sorted; what cancels is left out.

    Logs and models tell the same changes in pieces of different number and order.
    """
    sums: dict[tuple[str, bool], dict[Place, tuple[int, int]]] = {}
    for flow in flows:
        places = sums.setdefault((flow.transaction, flow.is_ours), {})
        shares, raw = places.get(flow.place, (0, 0))
        places[flow.place] = (shares + flow.shares, raw + flow.raw)
    return tuple(
        Flow(place, shares, raw, transaction, is_ours)
        for (transaction, is_ours), places in sums.items()
        for place, (shares, raw) in sorted(places.items())
        if shares or raw
    )


def grown(before: Mapping[Place, Holding], after: Mapping[Place, Holding]) -> dict[Place, int]:
    """The change of worth of every place whose shares stayed as they were, none included."""
    return {
        place: _raw(after, place) - _raw(before, place)
        for place in dict.fromkeys((*before, *after))
        if _shares(before, place) == _shares(after, place)
    }


def held(
    adapters: Adapters,
    states: States,
    market: Market[State],
    account: Address,
    known: Mapping[Place, Holding] | None = None,
) -> dict[Place, Holding]:
    """The account's holdings in one market, by place.

    A place that cannot be valued is worth what is `known` of it, or nothing; without anything
    known Unvalued is raised.
    """
    try:
        found = adapter_of(adapters, market).holdings(states, market, account)
    except Unvalued as error:
        if known is None:
            raise
        raw = known[error.place].raw if error.place in known else 0
        found = tuple(
            replace(each, raw=raw) if each.place == error.place else each for each in error.holdings
        )
    return {holding.place: holding for holding in found}


def held_everywhere(
    adapters: Adapters,
    states: States,
    account: Address,
    known: Mapping[Place, Holding] | None = None,
) -> dict[Place, Holding]:
    """The account's holdings in all markets, by place; see `held`."""
    return {
        place: holding
        for market in states.markets.values()
        for place, holding in held(adapters, states, market, account, known).items()
    }


def share_changes(
    before: dict[Place, Holding], after: dict[Place, Holding]
) -> tuple[tuple[Place, int], ...]:
    """The change of what each place stores, places without a change left out, in order."""
    changes = {
        place: _shares(after, place) - _shares(before, place)
        for place in dict.fromkeys((*before, *after))
    }
    return tuple(sorted((place, change) for place, change in changes.items() if change))


def _shares(holdings: Mapping[Place, Holding], place: Place) -> int:
    return holdings[place].shares if place in holdings else 0


def _raw(holdings: Mapping[Place, Holding], place: Place) -> int:
    return holdings[place].raw if place in holdings else 0


def _differences(
    before: dict[Place, Holding], after: dict[Place, Holding], event: Event, is_ours: bool
) -> list[Flow]:
    return [
        Flow(place, change, _raw(after, place) - _raw(before, place), event.transaction, is_ours)
        for place, change in share_changes(before, after)
    ]


# ------------------------------------------------------------------------------------- events


def _touched(event: Event, by_emitter: Mapping[Address, list[MarketId]]) -> tuple[MarketId, ...]:
    """The markets that an event may change: several may keep their tokens in one contract."""
    if isinstance(event, Log):
        return tuple(by_emitter.get(event.address, ()))
    moved = [movement.token for movement in event.applied.movements]
    paid = (market for token in moved for market in by_emitter.get(token.address, ()))
    return tuple(dict.fromkeys((*event.applied.changed, *map(token_market, moved), *paid)))


def _reading(states: States, touched: tuple[MarketId, ...]) -> tuple[MarketId, ...]:
    """These markets and those that read their storage."""
    reading = (
        market.id for market in states.markets.values() if not set(touched).isdisjoint(market.parts)
    )
    return tuple(dict.fromkeys((*touched, *reading)))


def _held_in(
    adapters: Adapters,
    states: States,
    markets: Iterable[MarketId],
    account: Address,
    known: dict[Place, Holding],
) -> dict[Place, Holding]:
    """What the account has in these markets, which is what is known from now on."""
    found = {
        place: holding
        for market in markets
        for place, holding in held(adapters, states, states.market(market), account, known).items()
    }
    known |= found
    return found


def _accrued(
    adapters: Adapters, states: States, markets: Iterable[MarketId], at: Timestamp
) -> States:
    return states.with_states(
        {
            market: adapter_of(adapters, states.market(market)).accrue(states.state(market), at)
            for market in markets
        }
    )


def told_by_no_log(adapters: Adapters, states: States) -> dict[MarketId, State]:
    """The states of the markets that are only ever read: no contract's log moves them."""
    return {
        market.id: states.state(market.id)
        for market in states.markets.values()
        if not adapter_of(adapters, market).emitters(market)
    }


def _after(
    adapters: Adapters,
    states: States,
    event: Event,
    touched: tuple[MarketId, ...],
    untold: Collection[MarketId],
) -> States:
    if isinstance(event, Done):
        kept = {each: states.state(each) for each in event.applied.changed if each in untold}
        return states.fold(event.applied).with_states(kept)
    changed = {}
    for market_id in touched:
        market = states.market(market_id)
        changed[market_id] = observed(
            adapter_of(adapters, market), market, states.state(market_id), event
        )
    return states.with_states(changed)


def _mentions(event: Event, account: Address) -> bool:
    """Whether an event tells of the account; a model's always does, if anything changed there."""
    return isinstance(event, Done) or bytes(12) + bytes.fromhex(account[2:]) in event.topics
