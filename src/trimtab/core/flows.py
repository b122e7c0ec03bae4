"""What a block's logs did to one account's book, place by place."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.core.abi import Log
from trimtab.core.adapter import Adapters, adapter_of, observed
from trimtab.core.market import Holding, Market, Place, State
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Flow
from trimtab.core.states import States
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class Folded:
    """The states after the logs, and what they tell of the account.

    `accruals` is what each place's worth grew by at constant shares, by time between the logs
    and by indices that they moved.
    """

    states: States
    flows: tuple[Flow, ...]
    accruals: Mapping[Place, int] = field(default_factory=dict)


def fold_logs(
    adapters: Adapters,
    states: States,
    logs: Iterable[Log],
    account: Address,
    is_ours: Callable[[str], bool],
) -> Folded:
    """Fold logs, in order, into states that stand before them.

    Each market's clock is moved to a log's moment first, so that interest is apart from flows.
    `is_ours` tells whether a transaction, by its hash, is one of ours.
    """
    by_emitter: dict[Address, Market[State]] = {
        emitter: market
        for market in states.markets.values()
        for emitter in adapter_of(adapters, market).emitters(market)
    }
    mention = bytes(12) + bytes.fromhex(account[2:])
    flows: list[Flow] = []
    accruals: Counter[Place] = Counter()
    for log in logs:
        market = by_emitter.get(log.address)
        if market is None:
            continue
        adapter = adapter_of(adapters, market)
        earlier = held(adapters, states, market, account)
        accrued = adapter.accrue(states.states[market.id], Timestamp(log.timestamp))
        states = states.with_states({market.id: accrued})
        before = held(adapters, states, market, account)
        states = states.with_states({market.id: observed(adapter, market, accrued, log)})
        after = held(adapters, states, market, account)
        accruals.update(grown(earlier, before))
        accruals.update(grown(before, after))
        if mention in log.topics:
            flows += _differences(before, after, log, is_ours(log.transaction))
    return Folded(states, tuple(flows), {place: raw for place, raw in accruals.items() if raw})


def grown(before: Mapping[Place, Holding], after: Mapping[Place, Holding]) -> dict[Place, int]:
    """The change of worth of every place whose shares stayed as they were."""
    return {
        place: held.raw - before[place].raw
        for place, held in after.items()
        if place in before and before[place].shares == held.shares
    }


def held(
    adapters: Adapters, states: States, market: Market[State], account: Address
) -> dict[Place, Holding]:
    """The account's holdings in one market, by place."""
    adapter = adapter_of(adapters, market)
    return {holding.place: holding for holding in adapter.holdings(states, market, account)}


def held_everywhere(adapters: Adapters, states: States, account: Address) -> dict[Place, Holding]:
    """The account's holdings in all markets, by place."""
    return {
        place: holding
        for market in states.markets.values()
        for place, holding in held(adapters, states, market, account).items()
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


def _shares(holdings: dict[Place, Holding], place: Place) -> int:
    return holdings[place].shares if place in holdings else 0


def _raw(holdings: dict[Place, Holding], place: Place) -> int:
    return holdings[place].raw if place in holdings else 0


def _differences(
    before: dict[Place, Holding], after: dict[Place, Holding], log: Log, is_ours: bool
) -> list[Flow]:
    return [
        Flow(place, change, _raw(after, place) - _raw(before, place), log.transaction, is_ours)
        for place, change in share_changes(before, after)
    ]
