"""Conservation (INV-1): what happened, plus what time did, against what the chain itself says.

The balances of an audit are the contracts' own sums, asked apart from the reads that states are
decoded from; the expectation is the model's alone, but for what lay in a range before the account
opened it. Nothing else here makes the two agree.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from trimtab.core.adapter import Adapters, accrue
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.flows import Event, fold_events, grown, held_everywhere, told_by_no_log
from trimtab.core.market import Holding, Place
from trimtab.core.settlement import UNTOLD, Flow
from trimtab.core.states import States
from trimtab.core.token import Address

INVARIANT = "INV-1 conservation"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What moved between two readings, and how far the audit is from it.

    `accruals` is the modelled change of each place's worth at constant shares, index jumps that
    logs told included; `expected` what each place is worth by the model, and `differences` what
    the audit has beyond that. All are base units of the place's token, negative for a debt, but
    for the differences of a place whose stored shares are audited: those are of shares. Places
    that are zero are left out.
    """

    flows: tuple[Flow, ...]
    accruals: Mapping[Place, int]
    expected: Mapping[Place, int]
    differences: Mapping[Place, int]

    @property
    def error(self) -> int:
        """The sum of absolute differences over all places: 0, or INV-1 does not hold."""
        return sum(map(abs, self.differences.values()))


def reconcile(
    adapters: Adapters,
    before: States | None,
    now: States,
    events: Iterable[Event],
    account: Address,
    is_ours: Callable[[str], bool],
    audit: Mapping[Place, int],
) -> Reconciliation:
    """The account's flows and accruals from `before` to `now`, and the audit held against them.

    `events` are those after `before` up to `now`, in order; `is_ours` tells whether a transaction,
    by its hash, is one of ours. The audit states debts as positive numbers. With nothing before,
    the audit is held against the holdings that `now` decodes to.
    Raises InvariantViolation if shares changed without a flow that tells of it, and MissingRead
    if a place that should have something was not audited.
    """
    if before is None:
        held_now = held_everywhere(adapters, now, account)
        return Reconciliation((), {}, _worth(held_now), _differences(held_now, audit))
    folded = fold_events(adapters, before, events, account, is_ours)
    held_before = held_everywhere(adapters, before, account)
    held_folded = held_everywhere(adapters, folded.states, account, folded.held)
    modelled = accrue(adapters, folded.states, now.timestamp)
    modelled = modelled.with_states(told_by_no_log(adapters, now))
    held_now = held_everywhere(adapters, modelled, account)
    accruals = Counter(folded.accruals)
    accruals.update(grown(held_folded, held_now))
    stated = held_everywhere(adapters, now, account)
    flows = (*folded.flows, *_found(held_before, held_now, stated))
    held_now |= {flow.place: stated[flow.place] for flow in flows if flow.transaction == UNTOLD}
    for place in sorted({*held_before, *held_now, *(flow.place for flow in flows)}):
        moved = tuple(flow for flow in flows if flow.place == place)
        _check(place, held_before.get(place), held_now.get(place), moved, accruals[place])
    expected = _worth(held_now)
    earned = {place: raw for place, raw in sorted(accruals.items()) if raw}
    return Reconciliation(flows, earned, expected, _differences(held_now, audit))


def _found(
    before: Mapping[Place, Holding],
    modelled: Mapping[Place, Holding],
    stated: Mapping[Place, Holding],
) -> Iterator[Flow]:
    """What lay in a range already when the account opened it, as flows of others.

    Anybody can mint to the account, and ranges of earlier runs need not be known: such liquidity
    is seen once the account itself opens that very range, and no log tells of it then. It can only
    be more than the model has: where the reading has less, the audit will tell the difference.
    """
    known = {(place.market, place.ticks) for place in before if not place.is_simple}
    opened = {(place.market, place.ticks) for place in modelled if place.is_pooled} - known
    for place, holding in sorted(stated.items()):
        if place.is_simple or not place.ticks or (place.market, place.ticks) not in opened:
            continue
        expected = modelled.get(place, Holding(place, 0, 0))
        if holding.shares > expected.shares:
            shares, raw = holding.shares - expected.shares, holding.raw - expected.raw
            yield Flow(place, shares, raw, UNTOLD, is_ours=False)


def _check(
    place: Place,
    before: Holding | None,
    now: Holding | None,
    flows: tuple[Flow, ...],
    accrual: int,
) -> None:
    """Raise InvariantViolation unless flows and accrual, each computed, make up the change.

    Flows are measured around their logs, accruals between them: nothing is what is left over.
    """
    shares = (now.shares if now else 0) - (before.shares if before else 0)
    told = sum(flow.shares for flow in flows)
    if shares != told:
        raise InvariantViolation(
            INVARIANT,
            f"the shares of {place} changed by {shares}, but its logs tell of {told}: "
            "an event was not understood; do not trade this market",
        )
    worth = (now.raw if now else 0) - (before.raw if before else 0)
    explained = sum(flow.raw for flow in flows) + accrual
    if worth != explained:
        raise InvariantViolation(
            INVARIANT,
            f"{place} changed its worth by {worth}, its flows and interest make {explained}: "
            "an event was valued wrongly; do not trade this market",
        )


def _worth(holdings: Mapping[Place, Holding]) -> dict[Place, int]:
    return {place: held.raw for place, held in sorted(holdings.items()) if held.raw}


def _differences(holdings: Mapping[Place, Holding], audit: Mapping[Place, int]) -> dict[Place, int]:
    """What the audit has beyond what is expected, place by place."""
    expected = {place: held.audited for place, held in sorted(holdings.items()) if held.audited}
    for place, raw in expected.items():
        if place not in audit:
            raise MissingRead(
                f"{place} should have {raw} base units but was not audited: "
                "read every place that its market's adapter names"
            )
    audited = {place: -raw if place.is_debt else raw for place, raw in audit.items()}
    return {
        place: raw - expected.get(place, 0)
        for place, raw in sorted(audited.items())
        if raw != expected.get(place, 0)
    }
