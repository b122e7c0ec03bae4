"""The loop: journal before acting, one open intent, and what each kind of failure comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.observed import Observed, observed
from trimtab.app.history import block_of, history, settlement
from trimtab.core.actions import Swap
from trimtab.core.errors import (
    ConfigError,
    DataError,
    Infeasible,
    InvariantViolation,
    Reorg,
    RpcError,
    SignerError,
)
from trimtab.core.market import Head, MarketId, wallet
from trimtab.core.orders import Halt, Order, Resume, Unwind
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Failed, Intent, Landed, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.token import Address, address_from_bytes
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import MOST_BLIND, Step, run
from trimtab.engine.tick import costs_of, tick
from trimtab.engine.window import Window
from trimtab.engine.wishes import Now, wishes
from trimtab.journal.store import Journal

SIGNER = address_from_bytes(b"\xaa" * 20)


@dataclass(slots=True)
class Script:
    """A world that shows real observations and does what it is told with plans."""

    stage: Observed
    journal: Journal
    prepare_with: Callable[[Approved], Intent | Mismatch] | None = None
    send_error: DataError | None = None
    settlement: Callable[[Intent], Settlement | None] = lambda _: None
    read_errors: dict[int, DataError] = field(default_factory=dict)
    foreign_from: int | None = None
    stands: int | None = None
    is_gone: bool = False
    asked: int = 0
    sent: list[Intent] = field(default_factory=list)
    journaled_when_sent: list[bool] = field(default_factory=list)

    async def next(self, known: States | None) -> Observation | None:
        self.asked += 1
        if self.asked in self.read_errors:
            raise self.read_errors[self.asked]
        if self.asked > len(self.stage.observations):
            return None
        return self.stage.observations[self.asked - 1]

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        return self.settlement(intent)

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        if self.prepare_with is not None:
            return self.prepare_with(approved)
        number = observation.states.head.number
        name = f"0x{number:064x}"
        return Intent(
            plan_hash=approved.plan.hash,
            chain=31337,
            signer=SIGNER,
            nonce=number,
            block=number,
            hashes=(name,),
            raws=(b"\x02raw",),
            gas=500_000,
            most_fee=10**9,
            tip=1,
        )

    async def renew(self, intent: Intent, observation: Observation, *, is_late: bool) -> Intent:
        if not is_late or intent.cancels:
            return intent
        extra = f"0x{observation.states.head.number:064x}"
        return replace(
            intent,
            hashes=(*intent.hashes, extra),
            raws=(*intent.raws, b"\x02none"),
            cancels=True,
        )

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        if self.foreign_from is not None and self.asked >= self.foreign_from:
            raise InvariantViolation("INV-13 one writer per journal and account", "who else?")

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        if self.is_gone:
            return None
        if self.stands is None:
            return heads[-1]
        return heads[self.stands]

    async def send(self, intent: Intent) -> None:
        self.sent.append(intent)
        self.journaled_when_sent.append(intent in self.journal.open_intents())
        if self.send_error is not None:
            raise self.send_error


@pytest.fixture
def stage() -> Observed:
    return observed()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path / "journal.sqlite")


def turned(script: Script) -> tuple[Memory, list[Step]]:
    """Run the loop to the world's end."""
    steps: list[Step] = []
    world = script
    memory = asyncio.run(run(script.stage.bot, world, script.journal, Memory(), steps.append))
    return memory, steps


def kinds(journal: Journal) -> list[str]:
    return [record.kind for record in journal.records()]


def test_run__approved_plan__is_journaled_before_it_is_sent(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal)
    turned(script)
    assert all(script.journaled_when_sent)
    assert script.sent


def test_run__open_intent__no_other_plan_is_made(stage: Observed, journal: Journal) -> None:
    script = Script(stage, journal)
    memory, steps = turned(script)
    assert {intent.nonce for intent in script.sent} == {script.sent[0].nonce}
    assert memory.intents == (script.sent[-1],)
    assert all(step.outcome is not None for step in steps)
    assert [step.outcome.judgement is None for step in steps if step.outcome] == [False] + [
        True
    ] * 5


def test_run__broadcast_fails__intent_stays_open(stage: Observed, journal: Journal) -> None:
    script = Script(stage, journal, send_error=RpcError("no answer", "transport"))
    memory, steps = turned(script)
    assert memory.intents
    assert journal.open_intents() == memory.intents
    assert steps[0].skipped == "no answer"


def test_run__plan_cannot_be_prepared__next_tick_plans_anew(
    stage: Observed, journal: Journal
) -> None:
    def refuse(approved: Approved) -> Intent:
        raise Infeasible("gas costs more than the mandate allows")

    memory, steps = turned(Script(stage, journal, prepare_with=refuse))
    assert memory.pending is None
    assert sum(step.outcome.approved is not None for step in steps if step.outcome) == 6
    assert kinds(journal).count("skip") == 6


def test_run__mismatch__quarantines_the_market_for_good(stage: Observed, journal: Journal) -> None:
    traded: list[str] = []

    def differ(approved: Approved) -> Mismatch:
        swap = next(a for a in approved.plan.actions if isinstance(a, Swap))
        traded.append(swap.market)
        return Mismatch(approved.plan.hash, "the fill differs", (swap.market,))

    memory, _ = turned(Script(stage, journal, prepare_with=differ))
    assert len(traded) >= 2
    assert len(set(traded)) == len(traded), "a quarantined pool was traded again"
    assert memory.quarantined == set(traded)
    assert kinds(journal).count("mismatch") == len(traded)


def test_run__landed__closes_the_intent(stage: Observed, journal: Journal) -> None:
    def land(intent: Intent) -> Settlement:
        return Landed(intent.plan_hash, intent.hashes[-1], intent.block + 1, 300_000, 10**9)

    script = Script(stage, journal, settlement=land)
    memory, _ = turned(script)
    assert len(script.sent) >= 2, "it plans again once the first has landed"
    assert kinds(journal).count("settled") == len(script.sent) - len(memory.open)


def test_run__reverted_on_chain__plans_again_and_counts_the_gas(
    stage: Observed, journal: Journal
) -> None:
    def fail(intent: Intent) -> Settlement:
        name = intent.hashes[-1]
        return Failed(intent.plan_hash, name, intent.block + 1, 300_000, 10**9, "GS013")

    script = Script(stage, journal, settlement=fail)
    memory, _ = turned(script)
    assert len(script.sent) >= 2
    assert memory.ledger is not None
    assert memory.ledger.gas > 0


def test_run__first_block_cannot_be_read__raises(stage: Observed, journal: Journal) -> None:
    script = Script(stage, journal, read_errors={1: RpcError("no node", "transport")})
    with pytest.raises(RpcError, match="no node"):
        turned(script)


def test_run__later_block_cannot_be_read__is_skipped_and_recorded(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal, read_errors={3: RpcError("time-out", "transport")})
    script.stage = Observed(stage.bot, stage.observations[:2])
    _, steps = turned(script)
    assert [step.skipped for step in steps] == [None, None, "time-out"]
    assert kinds(journal).count("skip") == 1


def test_run__signer_fails__halts_and_says_why(stage: Observed, journal: Journal) -> None:
    def locked(approved: Approved) -> Intent:
        raise SignerError("the key is gone")

    with pytest.raises(SignerError):
        turned(Script(stage, journal, prepare_with=locked))
    assert kinds(journal)[-1] == "halt"


def test_run__plan_never_lands__is_sent_again_then_cancelled_at_its_nonce(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal)
    memory, _ = turned(script)
    assert len(script.sent) == 6, "each turn sends what is open"
    (intent,) = memory.intents
    assert len(intent.raws) == 2, "three blocks later its deadline has passed"
    assert journal.open_intents() == (intent,)
    assert memory.is_ours(intent.hashes[-1])


def test_run__node_is_gone_for_good__ends_with_its_error(stage: Observed, journal: Journal) -> None:
    gone: dict[int, DataError] = {n: RpcError("no node", "transport") for n in range(2, 200)}
    script = Script(stage, journal, read_errors=gone)
    with pytest.raises(RpcError, match="no node"):
        turned(script)
    assert kinds(journal).count("skip") == MOST_BLIND


def test_run__error_of_a_strategy__is_recorded_before_it_ends_the_run(
    stage: Observed, journal: Journal
) -> None:
    def broken(approved: Approved) -> Intent:
        raise ZeroDivisionError("in somebody's strategy")

    with pytest.raises(ZeroDivisionError):
        turned(Script(stage, journal, prepare_with=broken))
    assert kinds(journal)[-1] == "halt"


# ------------------------------------------------------------------------- reorgs and orders


def test_run__reorg__goes_back_and_opens_what_was_settled_in_blocks_that_are_gone(
    stage: Observed, journal: Journal
) -> None:
    """The first plan lands in block 2, and a reorg takes blocks 2 and 3 back."""
    first, second, third, *_ = stage.observations
    reorg = Reorg("block 3 is gone: read all anew")
    script = Script(stage, journal, read_errors={4: reorg}, stands=0)
    script.stage = Observed(stage.bot, (first, second, third, third, second))
    script.settlement = lambda intent: landed(intent) if script.asked == 2 else None
    memory, steps = turned(script)
    assert steps[3].unwound == third.states.head
    assert steps[4].outcome is not None
    assert steps[4].outcome.states.head == second.states.head, "it goes on from the first block"
    sent = dict.fromkeys(intent.nonce for intent in script.sent)
    assert [intent.nonce for intent in memory.intents] == list(sent), "both are on their way"
    assert len(memory.intents) == 2
    assert {intent.nonce for intent in journal.open_intents()} == set(sent)
    assert kinds(journal).count("unwound") == 1
    assert memory == replayed(stage, journal)
    told = [block.number for block in history(journal).blocks]
    assert told == [first.states.head.number, second.states.head.number]
    with pytest.raises(ConfigError, match="a reorg took it back"):
        block_of(journal, third.states.head.number)
    assert settlement(journal, script.sent[0].plan_hash) is None, "its block is gone"


def test_run__reorg_of_all_that_was_seen__begins_again_with_what_is_on_its_way(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal, read_errors={2: Reorg("it is gone")}, is_gone=True)
    script.stage = Observed(stage.bot, (*stage.observations[:1] * 2, *stage.observations))
    memory, steps = turned(script)
    assert steps[1].unwound == stage.observations[0].states.head
    assert steps[2].outcome is not None
    assert steps[2].outcome.attribution is None, "nothing is compared with what is gone"
    assert memory.intents == (script.sent[-1],)
    assert memory == replayed(stage, journal)


def test_unwound__block_that_is_not_remembered__reorg() -> None:
    forgotten = Memory(states=observed().observations[0].states)
    with pytest.raises(Reorg, match="an older one is not remembered"):
        forgotten.unwound(None)


def landed(intent: Intent) -> Settlement:
    return Landed(intent.plan_hash, intent.hashes[-1], intent.block + 1, 300_000, 10**9)


def replayed(stage: Observed, journal: Journal) -> Memory:
    """What starting anew remembers."""
    return replay(stage.bot, journal)


def test_run__reorg_that_left_our_block_standing__skips_and_goes_on(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal, read_errors={3: Reorg("block 9 is gone")})
    _, steps = turned(script)
    assert [step.unwound for step in steps] == [None] * len(steps)
    assert kinds(journal).count("unwound") == 0
    assert kinds(journal).count("skip") == 1


def test_run__key_used_by_another__halts(stage: Observed, journal: Journal) -> None:
    script = Script(stage, journal, foreign_from=2, settlement=landed)
    with pytest.raises(InvariantViolation, match="INV-13"):
        turned(script)
    assert kinds(journal)[-1] == "halt"


def test_run__replacement_before_a_block_that_cannot_be_judged__is_remembered(
    stage: Observed, journal: Journal
) -> None:
    """What is journaled and what is remembered must not part."""
    late: dict[int, DataError] = {6: RpcError("no answer", "transport")}
    script = Script(stage, journal, read_errors=late)
    memory, _ = turned(script)
    assert journal.open_intents() == memory.intents
    assert memory == replayed(stage, journal)


def ordered(script: Script, *given: tuple[int, Order]) -> tuple[Memory, list[Step]]:
    """Run the loop, each order given before the block of that number is decided on."""
    steps: list[Step] = []

    def orders() -> tuple[Order, ...]:
        return tuple(order for number, order in given if number == script.asked)

    running = run(script.stage.bot, script, script.journal, Memory(), steps.append, orders)
    return asyncio.run(running), steps


def decided(step: Step) -> str:
    assert step.outcome is not None
    return step.outcome.why


def test_run__halted__asks_no_strategy_until_it_is_resumed(
    stage: Observed, journal: Journal
) -> None:
    given = (1, Halt("the feed looks odd")), (3, Resume("it was maintenance"))
    memory, steps = ordered(Script(stage, journal), *given)
    assert "a breaker is open (operator: the feed looks odd)" in decided(steps[0])
    assert steps[1].sent is None
    assert isinstance(steps[2].sent, Intent)
    assert memory.breakers == {}
    assert memory == replayed(stage, journal)


def test_run__unwind__brings_everything_into_one_token(stage: Observed, journal: Journal) -> None:
    weth = next(token for token in stage.bot.feeds if token.symbol == "WETH")
    _, steps = ordered(Script(stage, journal), (1, Unwind(weth.address, "we close")))
    outcome = steps[0].outcome
    assert outcome is not None
    assert "unwind to WETH" in outcome.why
    assert outcome.judgement is not None
    assert outcome.judgement.plan is not None
    swaps = [a for a in outcome.judgement.plan.actions if isinstance(a, Swap)]
    assert {swap.token_out for swap in swaps} == {weth}


def test_ordered__halt_ends_an_unwinding_and_resume_lifts_the_quarantine() -> None:
    weth = address_from_bytes(b"\x01" * 20)
    memory = Memory(quarantined=frozenset({MarketId("a pool")})).ordered(Unwind(weth, "we close"))
    assert memory.unwinding == weth
    halted = memory.ordered(Halt("stop that"))
    assert (halted.unwinding, set(halted.breakers)) == (None, {"operator"})
    resumed = halted.ordered(Resume("all is well"))
    assert (resumed.breakers, resumed.quarantined) == ({}, frozenset())


def test_run__intents__their_nonces_are_remembered_over_a_restart(
    stage: Observed, journal: Journal
) -> None:
    script = Script(stage, journal, settlement=landed)
    memory, _ = turned(script)
    last = max(intent.nonce for intent in script.sent)
    assert memory.spent == {SIGNER: last + 1}
    assert replayed(stage, journal).spent == memory.spent


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_wishes__unwind__nothing_stays_at_a_lender(stage: Observed, symbol: str) -> None:
    """What is lent comes back, also of the very token that everything becomes."""
    bot, observation = stage.bot, stage.observations[0]
    outcome = tick(bot, observation, (), Memory())
    home = next(token for token in bot.feeds if token.symbol == symbol)
    now = Now(
        states=outcome.states,
        prices=outcome.prices,
        costs=costs_of(bot, observation, outcome.prices),
        claims=outcome.memory.claims,
        signals={},
        age=0,
        traded=Fraction(0),
        unwinding=home.address,
    )
    wished = wishes(bot, now)
    assert wished.closes
    assert {place: wished.places[place] for place in bot.lenders} == dict.fromkeys(bot.lenders, 0)
    assert wished.places[wallet(home)] == outcome.equity


def test_run__long_without_sight__opens_the_blindness_breaker(
    stage: Observed, journal: Journal
) -> None:
    """The default is 25 decisions' time, here set to less than one block."""
    execution = replace(stage.bot.execution, blind_after=3599)
    blind = Observed(replace(stage.bot, execution=execution), stage.observations)
    memory, steps = turned(Script(blind, journal))
    assert isinstance(steps[0].sent, Intent)
    assert set(memory.breakers) == {"blindness"}
    assert "no block was judged for 3600 s, 3599 are allowed" in memory.breakers["blindness"]


def test_run__turnover_spent__passing_breaker_stops_trading(
    stage: Observed, journal: Journal
) -> None:
    """A feed that lies makes plan after plan; each loses little, and the day's turnover ends it."""
    limits = replace(stage.bot.limits, turnover_per_day=Fraction(1, 10))
    bound = Observed(replace(stage.bot, limits=limits), stage.observations)
    memory = Memory(
        traded=Window((), (bound.observations[0].states.timestamp,), (Fraction(10**11),))
    )
    steps: list[Step] = []
    asyncio.run(run(bound.bot, Script(bound, journal), journal, memory, steps.append))
    assert "a breaker is open (turnover: 10.0% of the book was sold" in decided(steps[0])
    assert steps[0].outcome is not None
    assert set(steps[0].outcome.breakers) == {"turnover"}
