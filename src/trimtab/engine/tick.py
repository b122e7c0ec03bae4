"""One tick: a pure function of what was seen and what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.allocation.books import Claims, opening, settled
from trimtab.chain.fees import bound_of_plans, fees
from trimtab.core.errors import Infeasible
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Place
from trimtab.core.plan import Approved
from trimtab.core.prices import Prices
from trimtab.core.reading import Observation
from trimtab.core.settlement import Settlement
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, View
from trimtab.engine.bot import Bot
from trimtab.engine.breakers import opened, passing
from trimtab.engine.decide import Judgement, decide
from trimtab.engine.memory import DAY, Memory, Pending
from trimtab.engine.wishes import Now
from trimtab.journal.pnl import Attribution, Ledger, Moment, attribute
from trimtab.journal.reconcile import Reconciliation, reconcile
from trimtab.mandate.reduce import affected
from trimtab.protocols.perpetual import Perpetual
from trimtab.risk import exposures, oracle_prices, turn_fee
from trimtab.routing import GAS_OF, fee_rate, flash_loan_premiums


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a tick found and decided, and the memory for the next.

    `judgement` is none while a plan is on its way: one open intent per account.
    """

    states: States
    prices: Prices
    book: Mapping[Place, int]
    reconciliation: Reconciliation
    attribution: Attribution | None
    judgement: Judgement | None
    why: str
    memory: Memory
    breakers: Mapping[str, str]

    @property
    def equity(self) -> Fraction:
        """The worth of the book in base units of the numeraire."""
        return sum((raw * self.prices.price(p.token) for p, raw in self.book.items()), Fraction(0))

    @property
    def approved(self) -> Approved | None:
        """The plan to execute, if there is one."""
        verdict = self.judgement.verdict if self.judgement else None
        return verdict if isinstance(verdict, Approved) else None


def tick(
    bot: Bot, observation: Observation, settlements: Iterable[Settlement], memory: Memory
) -> Outcome:
    """Account for what happened since the last tick, then decide.

    Raises DataError where the states or prices cannot be judged, and nothing is remembered of
    such a block; InvariantViolation where the book does not add up.
    """
    states = observation.states
    prices = oracle_prices(states, bot.feeds, bot.numeraire)
    settlements = tuple(settlements)
    counted = reconcile(
        bot.adapters,
        memory.states,
        states,
        observation.events,
        bot.account,
        memory.is_ours,
        observation.reading.audit,
    )
    book = {
        place: holding.raw
        for place, holding in held_everywhere(bot.adapters, states, bot.account).items()
    }
    moment = Moment(book, prices)
    attribution = _attributed(bot, states, memory, moment, counted, settlements)
    memory = memory.with_breakers(opened(bot, memory.states, states.timestamp))
    memory = _remembered(bot, memory, states, moment, counted, attribution, settlements)
    view = View(states, prices, book, {}, costs_of(bot, observation, prices))
    signals = {
        signal: signal.step(memory.signals.get(signal, signal.start), view)
        for signal in bot.signals
    }
    memory = replace(memory, signals=signals)
    traded = memory.sold_since(states.timestamp - DAY)
    breakers = {**memory.breakers, **passing(bot, moment.equity, traded)}
    if memory.open:
        nonces = ", ".join(str(intent.nonce) for intent in memory.intents)
        why = f"a plan is on its way under nonce {nonces}"
        return Outcome(states, prices, book, counted, attribution, None, why, memory, breakers)
    now = Now(
        states=states,
        prices=prices,
        costs=view.costs,
        claims=memory.claims,
        signals=values_of(signals),
        age=observation.age,
        traded=traded,
        gas_spent=memory.gas_since(states.timestamp - DAY),
        most_fee=most_fee_of(bot, observation),
        quarantined=memory.quarantined,
        reduce_only=affected(bot.markets, bot.feeds, memory.reduce_only),
        breakers=breakers,
        unwinding=memory.unwinding,
        exposures=exposures(states, bot.account, prices),
    )
    judgement = decide(bot, now)
    if judgement.exchanges:
        wants = judgement.wants or {}
        crossed = settled(memory.claims, bot.shares, {}, {}, wants, prices)
        memory = replace(memory, claims=crossed)
    if isinstance(judgement.verdict, Approved) and judgement.plan is not None:
        pending = Pending(judgement.plan, judgement.wants or {}, judgement.sold)
        memory = memory.with_plan(pending)
    return Outcome(
        states, prices, book, counted, attribution, judgement, judgement.why, memory, breakers
    )


def costs_of(bot: Bot, observation: Observation, prices: Prices) -> Costs:
    """What gas costs at the block's base fee and the mandate's tip, in the numeraire.

    The native currency is valued as its wrapped token, at the same number of decimals.
    """
    wei = observation.reading.base_fee + bot.execution.priority_fee
    return Costs(wei * prices.price(bot.native), GAS_OF)


def most_fee_of(bot: Bot, observation: Observation) -> int:
    """The most wei that a unit of gas may cost a plan that is sent after this block."""
    execution = bot.execution
    bound = bound_of_plans(execution.max_fee)
    try:
        return fees(observation.reading.base_fee, execution.priority_fee, bound).most
    except Infeasible:
        return bound  # nothing can be sent at such a base fee


def values_of(memories: Mapping[AnySignal, object]) -> dict[AnySignal, object]:
    """What every signal says."""
    return {signal: signal.value(memory) for signal, memory in memories.items()}


# ---------------------------------------------------------------------------------- accounts


def _attributed(
    bot: Bot,
    states: States,
    memory: Memory,
    moment: Moment,
    counted: Reconciliation,
    settlements: tuple[Settlement, ...],
) -> Attribution | None:
    if memory.moment is None:
        return None
    fees = {pool.id: fee_rate(states, pool) for pool in bot.pools}
    fees |= {m.id: turn_fee(states, m, bot.account) for m in bot.perpetuals if _is_open(counted, m)}
    fees |= flash_loan_premiums(states, bot.markets)
    attribution = attribute(
        memory.moment,
        moment,
        counted,
        memory.actions_of,
        settlements,
        fees,
        moment.prices.price(bot.native),
    )
    attribution.check()
    return attribution


def _is_open(counted: Reconciliation, market: Perpetual) -> bool:
    """Whether something moved in a position."""
    return any(flow.place == market.position_place for flow in counted.flows)


def _remembered(
    bot: Bot,
    memory: Memory,
    states: States,
    moment: Moment,
    counted: Reconciliation,
    attribution: Attribution | None,
    settlements: tuple[Settlement, ...],
) -> Memory:
    """The memory after what happened, before anything is decided."""
    ours = {flow.transaction for flow in counted.flows if flow.is_ours}
    carried = [memory.plans[transaction] for transaction in sorted(ours)]
    if memory.states is None or memory.ledger is None:
        claims = opening(_rooted(bot, moment.book), bot.shares)
        ledger = Ledger(moment.equity, moment.equity)
    else:
        claims = _settled(bot, memory, counted, carried)
        ledger = memory.ledger if attribution is None else memory.ledger.add(attribution)
    for pending in carried:
        memory = memory.with_trade(states.timestamp, pending.sold)
    for settlement in settlements:
        memory = memory.with_settlement(settlement)
    return replace(memory, states=states, moment=moment, claims=claims, ledger=ledger)


def _settled(bot: Bot, memory: Memory, counted: Reconciliation, carried: list[Pending]) -> Claims:
    """The sub-books after the block's flows and interest."""
    others = [(flow.place, flow.raw) for flow in counted.flows if not flow.is_ours]
    earned = _summed(bot, [*others, *counted.accruals.items()])
    traded = _summed(bot, [(f.place, f.raw) for f in counted.flows if f.is_ours])
    wants = carried[-1].wants if carried else {}
    assert memory.moment is not None, "claims are settled against an earlier moment"
    return settled(memory.claims, bot.shares, earned, traded, wants, memory.moment.prices)


def _rooted(bot: Bot, book: Mapping[Place, int]) -> dict[Place, int]:
    return _summed(bot, list(book.items()))


def _summed(bot: Bot, entries: list[tuple[Place, int]]) -> dict[Place, int]:
    """Base units per place as sub-books count them: what is swept counts as the wallet."""
    totals: dict[Place, int] = {}
    for place, raw in entries:
        root = bot.root(place)
        totals[root] = totals.get(root, 0) + raw
    return {place: raw for place, raw in totals.items() if raw}
