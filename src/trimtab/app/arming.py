"""What stands between a mandate and a live chain: nodes, the watch over code, and the key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trimtab.app.attached import Place, reader_of
from trimtab.app.connection import data_charge, following, reading, sending
from trimtab.app.custody import inspected, stolen_key
from trimtab.app.local import LOCAL, local_signer
from trimtab.app.paper import longest_wait, pulled
from trimtab.app.resolve import resolve
from trimtab.app.safe_batch import newest_batch, write_safe_batch
from trimtab.chain.admission import LOCAL_CHAIN, Admission, admissions, require
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.node import Node
from trimtab.chain.plan_check import check_call, check_code
from trimtab.chain.relay import Relay
from trimtab.chain.rpc import Request
from trimtab.chain.safe import Safe, check_safe
from trimtab.chain.signer import Signer
from trimtab.chain.simulate import first_failure
from trimtab.chain.submission import Submitter
from trimtab.chain.watch import look
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.errors import ConfigError, PlanError, SignerError
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Head, MarketId
from trimtab.core.orders import Order, ReduceOnly
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.engine.checkpoint import check_signals
from trimtab.engine.memory import Memory
from trimtab.engine.run import World
from trimtab.engine.sight import Look, Pull
from trimtab.engine.watching import Watching
from trimtab.engine.worlds import Chain
from trimtab.mandate import Mandate


@dataclass(slots=True)
class Live:
    """The bot, its world, and what the watch over its markets' code orders."""

    bot: Bot
    world: World
    known: tuple[Admission, ...]
    words: str
    """Whether it is armed, and what that means."""
    signer: Address | None = None
    reduce_only: frozenset[MarketId] = frozenset()
    ordered: list[Order] = field(default_factory=list)

    def begin(self, memory: Memory) -> None:
        """Take what the journal remembers. Raises ConfigError where that cannot be gone on with."""
        held = _held(memory, self.bot)
        not_admitted = require(self.known, self._chain, is_armed=False, held=held)
        others = [each for each in memory.intents if each.signer != self.signer]
        if self.signer is not None and others:
            raise SignerError(
                f"a plan is on its way by {others[0].signer}, and the key is now {self.signer}: "
                "let it settle with its own key first, or without --arm"
            )
        self._only_leave(not_admitted, memory.reduce_only, "as the run began")

    def orders(self) -> tuple[Order, ...]:
        """What was ordered since this was last asked."""
        found = tuple(self.ordered)
        self.ordered.clear()
        return found

    async def watch(self, node: Node, multicall: Multicall, at: Head) -> tuple[str, ...]:
        """Look whether the markets' code is what was admitted, order what follows, and say it."""
        seen = await look(node, self.bot.markets, self.known, at, multicall)
        self.known = seen.admissions
        changes = tuple(f"{each.name}: {each.what}" for each in seen.changed)
        why = "; ".join(changes) or "as it was admitted again"
        self._only_leave(seen.reduce_only, self.reduce_only, why)
        return changes

    @property
    def _chain(self) -> int:
        return self.bot.markets[0].chain

    def _only_leave(self, now: frozenset[MarketId], before: frozenset[MarketId], why: str) -> None:
        if now != before:
            self.ordered.append(ReduceOnly(tuple(sorted(now)), why))
        self.reduce_only = now


def _held(memory: Memory, bot: Bot) -> frozenset[MarketId]:
    """The markets that a run which goes on must be able to leave: all, once it has a book.

    A position rests on its feeds and tokens too, and to refuse to start would be no way out.
    """
    if memory.moment is None:
        return frozenset()
    return frozenset(market.id for market in bot.markets)


@asynccontextmanager
async def lively(
    mandate: Mandate,
    place: Place,
    is_armed: bool,
    blocks: int,
    proposals: Path | None,
    tell: Callable[[str], None],
) -> AsyncIterator[Live]:
    """Everything that a run needs, checked at the newest block; closed again at its end.

    Raises ConfigError and SignerError for what cannot be run, or armed.
    """
    bot = resolve(mandate, place.book, place.account)
    check_signals(bot)
    node = reading(mandate.chain, place.addresses)
    relay = sending(mandate.chain, place.addresses)
    multicall = Multicall(place.book.multicall)
    try:
        await node.check_chain()
        at = await head(node, "latest")
        known = await admissions(node, bot.markets, at, multicall)
        async with following(mandate.chain, place.addresses, node, tell) as heads:
            longest = longest_wait(mandate.chain, place)
            pull = pulled(heads, mandate.chain.cadence, blocks, longest)

            async def watched(at: Head) -> None:
                for change in await live.watch(node, multicall, at):
                    tell(change)

            if is_armed:
                world: World = await _armed(
                    mandate, place, bot, known, node, relay, at, pull, watched
                )
                words = (
                    f"armed. Who has the key: {stolen_key(await inspected(node, bot, multicall))}"
                )
            else:
                world = _watching(bot, place, node, pull, watched, proposals)
                words = "not armed: plans are judged and journaled, and nothing is sent"
            signer = world.signer if isinstance(world, Chain) else None
            live = Live(bot, world, known, words, signer)
            yield live
    finally:
        await node.close()
        await relay.close()


async def _armed(
    mandate: Mandate,
    place: Place,
    bot: Bot,
    known: tuple[Admission, ...],
    node: Node,
    relay: Relay,
    at: Head,
    pull: Pull,
    watch: Look,
) -> Chain:
    """The world that sends. Raises ConfigError or SignerError unless it may."""
    if place.book.chain != LOCAL_CHAIN and bot.limits.max_equity is None:
        raise ConfigError(
            "only a mandate with limits.max_equity is armed off the local world: write the most "
            "that may be managed, in whole units of the numeraire"
        )
    require(known, place.book.chain, is_armed=True, held=frozenset(m.id for m in bot.markets))
    signer = _signer(mandate, place)
    safe = Safe(bot.account, signer.address, place.book.multi_send, place.book.plan_check)
    await relay.check_chain()
    await check_safe(node, safe, at, Multicall(place.book.multicall))
    reader = reader_of(bot, place, node)
    check_debts(bot, (await reader.observe(None, at)).states)
    submitter = Submitter(node, bot.adapters, signer, safe, data_charge(mandate))
    return Chain(reader, submitter, bot, pull, relay, watch)


def check_debts(bot: Bot, states: States) -> None:
    """Raise ConfigError where a debt, there or wished for, would not be repaid in time.

    Repairs begin at the health limit, so that it has to be above 1, where liquidation begins;
    and what is owed has to have a price, to be bought at.
    """
    held = held_everywhere(bot.adapters, states, bot.account)
    owed = [place for place, holding in held.items() if place.is_debt and holding.shares]
    debts = tuple(dict.fromkeys((*owed, *bot.debts)))
    if debts and bot.limits.health <= 1:
        raise ConfigError(
            f"limits.health is {float(bot.limits.health):g}, and the account owes or may owe "
            f"{', '.join(map(str, debts))}: a debt is repaid from its health limit on, and at 1 it "
            "is liquidated; write more, such as 1.5"
        )
    if unpriced := [str(place) for place in debts if place.token not in bot.feeds]:
        raise ConfigError(
            f"{', '.join(unpriced)} is owed and has no price in this mandate: name the token in "
            "[feeds] and a pool that sells it, or repay it first"
        )


def _signer(mandate: Mandate, place: Place) -> Signer:
    if mandate.account.signer != LOCAL:
        return Signer.load(mandate.account.signer)
    if place.seed is None:
        raise ConfigError(
            "account.signer is `local`, a key that anybody can compute: off the local world name "
            "your own, env:NAME or file:PATH"
        )
    return local_signer(place.seed)


def _watching(
    bot: Bot,
    place: Place,
    node: Node,
    pull: Pull,
    watch: Look,
    proposals: Path | None,
) -> Watching:
    proposer = Proposer(node, place, proposals, bot.execution.block_seconds)
    depth = bot.execution.finality_depth
    return Watching(node, reader_of(bot, place, node), depth, pull, proposer.propose, watch)


@dataclass(slots=True)
class Proposer:
    """Writes approved plans as unsigned batches into a folder, one at a time."""

    node: Node
    place: Place
    folder: Path | None
    block_seconds: int
    newest: Path | None = None
    void_after: int = 0

    async def propose(self, approved: Approved, observation: Observation) -> str:
        """What came of a plan, in words. Raises PlanError where the chain refuses it."""
        plan, states = approved.plan, observation.states
        if self.folder is None:
            return "not armed: the plan is judged and not sent"
        if self.newest is None:
            self.newest, self.void_after = newest_batch(self.folder, plan) or (None, 0)
        if states.timestamp <= self.void_after:
            return f"not armed: {self.newest} waits for signatures until {self.void_after}"
        at = Timestamp(states.timestamp + self.block_seconds)
        check = self.place.book.plan_check
        code = (await self.node.ask(Request("eth_getCode", (check, pin(states.head))))).into(str)
        check_code(check, hexadecimal(code, "code"))
        calls = (*plan.calls, check_call(check, plan.bounds))
        why = await first_failure(self.node, plan.account, calls, states.head, at)
        if why is not None:
            raise PlanError(f"the plan is not proposed, since the chain refuses it: {why}")
        self.newest = self.folder / f"{plan.block}-{plan.hash[:12]}.json"
        write_safe_batch(plan, self.place.book.plan_check, states.timestamp, self.newest)
        self.void_after = int(plan.deadline)
        return f"not armed: the plan is proposed in {self.newest}"
