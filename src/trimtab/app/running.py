"""`run`: the mandate on a live chain, disarmed unless it is armed; it goes on with its journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trimtab import __version__
from trimtab.app.alerts import Alert, Alerts
from trimtab.app.arming import Live, lively
from trimtab.app.attached import Place
from trimtab.app.garbage import between_blocks
from trimtab.app.history import starts_of
from trimtab.app.journals import make_folder
from trimtab.app.rehearse import Result, Tally, Watch
from trimtab.app.spool import Spool, Taking
from trimtab.chain.redacted import redacted_text
from trimtab.core.canonical import plain
from trimtab.core.errors import ConfigError
from trimtab.core.orders import Order
from trimtab.core.settlement import Mismatch
from trimtab.engine import checkpoint
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import Step, run
from trimtab.journal import records
from trimtab.journal.store import Journal
from trimtab.journal.tables import Location, NoJournal
from trimtab.journal.values import order_of
from trimtab.mandate import Mandate


@dataclass(frozen=True, slots=True)
class Going:
    """How a run goes: armed or not, for how many blocks (0 for ever), where proposals go."""

    blocks: int = 0
    is_armed: bool = False
    proposals: Path | None = None


async def go(
    mandate: Mandate,
    text: str,
    place: Place,
    going: Going,
    where: Location,
    watch: Watch,
    tell: Callable[[str], None],
) -> Result:
    """Run the mandate until the blocks are over or it halts, and count this life of it.

    Raises ConfigError and SignerError for what cannot be run or armed, and whatever makes the loop
    halt; the journal then says why, and the alerts have been sent.
    """
    async with lively(mandate, place, going.is_armed, going.blocks, going.proposals, tell) as live:
        alerts = _alerts(mandate, live.bot, tell)
        try:
            with _opened(where, live) as journal:
                memory = replay(live.bot, journal)
                live.begin(memory)
                tell(live.words)
                _started(journal, live.bot, text)
                return await _lived(live, journal, where, memory, watch, alerts)
        except Exception as error:
            # The terminal hears of it when the command ends.
            alerts.send(Alert("halt", f"{type(error).__name__}: {error}", None), is_said=False)
            raise
        finally:
            await alerts.close()


async def _lived(
    live: Live,
    journal: Journal,
    where: Location,
    memory: Memory,
    watch: Watch,
    alerts: Alerts,
) -> Result:
    started, tally = time.perf_counter(), Tally()
    hearing = Hearing(alerts, live.bot.execution.blind_after)
    tokens = frozenset(token.address for token in live.bot.feeds)
    taking = Taking(Spool.beside(where), _known(journal), tokens, alerts.tell)

    def ordered() -> tuple[Order, ...]:
        given = taking.take()
        for order in given:
            alerts.tell(f"order: {type(order).__name__.lower()} ({order.why})")
        return (*live.orders(), *given)

    with between_blocks() as collect:

        def watched(step: Step) -> None:
            tally.add(live.bot, step)
            hearing.hear(step)
            watch(live.bot, step)
            collect()

        memory = await run(
            *(live.bot, live.world, journal, memory, watched, ordered),
            most_blind=None,
            checkpoints=checkpoint.EVERY,
        )
    journal.append(records.end(None, {"blocks": plain(tally.counts["blocks"])}))
    taking.take()
    seconds = time.perf_counter() - started
    return Result(tally, memory, live.bot.numeraire.symbol, journal.digest(), where, seconds)


@contextmanager
def _opened(where: Location, live: Live) -> Iterator[Journal]:
    """The journal, new, or one of this very mandate, account and version to go on with.

    Raises ConfigError where either cannot be; what cannot be begun leaves no journal behind.
    """
    try:
        journal = Journal.open(where)
    except NoJournal:
        live.begin(Memory())
        make_folder(where)
        journal = Journal.create(where)
    with journal:
        _check_start(journal, live.bot)
        yield journal


def _check_start(journal: Journal, bot: Bot) -> None:
    """Raise ConfigError where another mandate, account or version wrote the journal."""
    ours = {"mandate": bot.mandate_hash, "account": bot.account, "version": __version__}
    for start in starts_of(journal):
        theirs = {
            "mandate": start.mandate_hash,
            "account": start.account,
            "version": start.code_version,
        }
        differing = [name for name, value in ours.items() if theirs[name] != value]
        if differing:
            way = (
                "its plans on their way must be settled by what made them first"
                if journal.open_intents()
                else "name a new journal, which begins with what the account holds"
            )
            raise ConfigError(
                f"{journal.where} was written with another {' and '.join(differing)}: a journal is "
                f"of one mandate, account and version; {way}"
            )


def _started(journal: Journal, bot: Bot, text: str) -> None:
    journal.append(
        records.start(
            mandate_hash=bot.mandate_hash,
            mandate=redacted_text(text),
            account=bot.account,
            code_version=__version__,
            seed=None,
        )
    )


def _known(journal: Journal) -> frozenset[str]:
    """The names of the orders that the journal has."""
    orders = (order_of(record) for record in journal.records("order"))
    return frozenset(getattr(order, "name", "") for order in orders)


def _alerts(mandate: Mandate, bot: Bot, tell: Callable[[str], None]) -> Alerts:
    entries = mandate.alerts
    about: dict[str, object] = {
        "chain": mandate.chain.id,
        "account": bot.account,
        "mandate": bot.mandate_hash,
    }
    kind, _, name = mandate.account.signer.partition(":")
    withheld = frozenset({name} if kind == "env" else ())
    return Alerts({"halt": entries.on_halt, "breach": entries.on_breach}, about, tell, withheld)


@dataclass(slots=True)
class Hearing:
    """Tells of breakers and breaches when they begin, not at every block that they last.

    What no block can open, since none is judged, it tells by `clock`, in seconds: blindness for
    longer than `blind_after`.
    """

    alerts: Alerts
    blind_after: float
    clock: Callable[[], float] = time.monotonic
    seen: float | None = None
    is_blind: bool = False
    breakers: set[str] = field(default_factory=set)
    breaches: set[str] = field(default_factory=set)
    reduce_only: frozenset[str] = frozenset()

    def hear(self, step: Step) -> None:
        """Take one more turn."""
        outcome = step.outcome
        self.seen = self.clock() if outcome is not None or self.seen is None else self.seen
        if outcome is None:
            silence = self.clock() - self.seen
            if silence > self.blind_after and not self.is_blind:
                self.is_blind = True
                why = f"no block could be judged for {silence:.0f} s: {step.skipped}"
                self.alerts.send(Alert("halt", why, None))
            return
        self.is_blind = False
        block = outcome.states.head.number
        if isinstance(step.sent, Mismatch):
            why = f"the chain and the models differ, nothing is sent: {step.sent.what}"
            self.alerts.send(Alert("breach", why, block))
        for name in sorted(outcome.breakers.keys() - self.breakers):
            self.alerts.send(Alert("halt", f"breaker {name}: {outcome.breakers[name]}", block))
        self.breakers = set(outcome.breakers)
        found = outcome.judgement.breaches if outcome.judgement else ()
        broken = {breach.limit: breach for breach in found}
        for limit in sorted(broken.keys() - self.breaches):
            breach = broken[limit]
            why = f"{limit}: {float(breach.measured):g}, allowed {float(breach.allowed):g}"
            self.alerts.send(Alert("breach", why, block))
        if outcome.judgement is not None:
            self.breaches = set(broken)
        left = frozenset(outcome.memory.reduce_only)
        for market in sorted(left - self.reduce_only):
            why = f"{market} may only be left: its code is not admitted"
            self.alerts.send(Alert("breach", why, block))
        self.reduce_only = left
