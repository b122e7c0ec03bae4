"""A world for the engine's loop without a node: the real contracts in process, a drawn history.

Prices follow a script, one arbitrageur keeps the pools at them, and plans land in the next block
unless the script says otherwise. The manager's account is a plain one, whose calls of a plan go
through together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt
from typing import Literal

from tests.support import evm
from trimtab.app.resolve import resolve
from trimtab.core.abi import Call, Log, call_data, words
from trimtab.core.adapter import Question, adapter_of
from trimtab.core.errors import RpcError
from trimtab.core.market import Head, MarketId, Place, State, tracked
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation, Reading, Rounds, decode, prepared
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch, Settlement
from trimtab.core.states import Reverted, States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.lab.world import Deployment, feed_contract, local_world, minted, router_contract
from trimtab.mandate import parse_mandate, read_book
from trimtab.protocols.uniswap_v3 import Pool

BASE_FEE = 10**9
TIP = 10**9
FOREVER = 2**40
PLENTY = 10**30


@dataclass(frozen=True, slots=True)
class Chapter:
    """One block of the script.

    `prices` are dollars by symbol, kept until they change. `plan` says what becomes of a plan
    that is sent to be mined in this block, `prepared` whether the simulation on this block's
    state agrees with the model; an unreadable block is skipped. `others` are calls by anyone.
    """

    prices: Mapping[str, Fraction] = field(default_factory=dict)
    others: tuple[Callable[[FakeWorld], Call], ...] = ()
    plan: Literal["lands", "reverts", "drops"] = "lands"
    agrees: bool = True
    is_readable: bool = True


@dataclass(slots=True)
class FakeWorld:
    """The script, played block by block; see `trimtab.engine.run.World`."""

    machine: evm.Evm
    deployment: Deployment
    bot: Bot
    script: Iterator[Chapter]
    chapter: Chapter = field(default_factory=Chapter)
    prices: dict[str, Fraction] = field(default_factory=dict)
    sent: list[tuple[Intent, tuple[Call, ...]]] = field(default_factory=list)
    settled: dict[str, Settlement] = field(default_factory=dict)
    calls: dict[str, tuple[Call, ...]] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)

    # -------------------------------------------------------------------- the engine's port

    async def next(self, known: States | None) -> Observation | None:
        """The next block of the script."""
        chapter = next(self.script, None)
        if chapter is None:
            return None
        self.chapter = chapter
        self._mine(chapter)
        if not chapter.is_readable:
            raise RpcError("the node did not answer within 10 s", "transport")
        observation = self._observed(known)
        self.logs.clear()
        return observation

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What the script made of the intent."""
        return self.settled.get(intent.plan_hash)

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """An intent, or the mismatch that the script asks for."""
        plan = approved.plan
        if not self.chapter.agrees:
            quarantined = tuple(dict.fromkeys(action.market for action in plan.actions))[-1:]
            return Mismatch(plan.hash, "the chain moved 3 units more than the model", quarantined)
        nonce = len(self.calls)
        transaction = f"0x{plan.hash}"
        self.calls[plan.hash] = plan.calls
        block = observation.states.head.number
        return Intent(
            plan_hash=plan.hash,
            chain=plan.chain,
            signer=plan.account,
            nonce=nonce,
            block=block,
            hashes=(transaction,),
            raws=(b"\x02signed",),
            gas=2 * plan.cost.gas_units,
            most_fee=BASE_FEE + TIP,
            tip=TIP,
        )

    async def send(self, intent: Intent) -> None:
        """Keep the intent for the next block."""
        self.sent.append((intent, self.calls[intent.plan_hash]))

    async def renew(self, intent: Intent, observation: Observation, *, is_late: bool) -> Intent:
        """Nothing is late in this world, whose next block holds whatever was sent."""
        raise AssertionError(f"{intent} was sent and has not landed")

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Nobody else has the key."""

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """This chain is never reorganised."""
        return heads[-1]

    # ------------------------------------------------------------------------------ blocks

    def _mine(self, chapter: Chapter) -> None:
        """Our plan first, at the moment for which it was modelled; then everybody else."""
        self.machine.set_time(self.machine.time + self.bot.execution.block_seconds)
        for intent, calls in self.sent:
            self.settled[intent.plan_hash] = self._execute(intent, calls, chapter)
        self.sent.clear()
        self.prices |= chapter.prices
        for symbol, price in self.prices.items():
            feed = feed_contract(self.deployment.feeds[symbol].address)
            self.send_as_agent(feed.call("updateAnswer", int(price * 10**8)))
        for pool in self.bot.pools:
            assert isinstance(pool, Pool), "nobody here arbitrages other pools"
            self._arbitrage(pool)
        for other in chapter.others:
            self.send_as_agent(other(self))

    def _execute(self, intent: Intent, calls: tuple[Call, ...], chapter: Chapter) -> Settlement:
        (transaction,), block = intent.hashes, self.machine.block
        if chapter.plan == "drops":
            return Dropped(intent.plan_hash, "its deadline passed")
        if chapter.plan == "reverts":
            return Failed(
                intent.plan_hash, transaction, block, 214_007, BASE_FEE + TIP, "Too little received"
            )
        for call in calls:
            ok, returned, logs = self.machine.call(self.bot.account, call.to, call.data)
            assert ok, Reverted(returned).reason
            self.logs += [replace(log, transaction=transaction) for log in logs]
        return Landed(intent.plan_hash, transaction, block, 180_000 * len(calls), BASE_FEE + TIP)

    def send_as_agent(self, call: Call) -> None:
        """Run a call by the one agent there is."""
        sender = self.deployment.agents[1]
        ok, returned, logs = self.machine.call(sender, call.to, call.data)
        assert ok, Reverted(returned).reason
        self.logs += logs

    def _arbitrage(self, pool: Pool) -> None:
        """Swap until the pool's price is the feeds'."""
        value0, value1 = (
            self.prices[token.symbol] / token.unit for token in (pool.token0, pool.token1)
        )
        ratio = value0 / value1
        wished = isqrt((ratio.numerator << 192) // ratio.denominator)
        answer = self.machine.static(pool.address, call_data("slot0()"))
        (price,) = words(answer, 1, "slot0")
        if abs(wished - price) * 10_000 <= price:
            return
        pair = (pool.token0, pool.token1) if wished < price else (pool.token1, pool.token0)
        arguments = (
            *(token.address for token in pair),
            pool.fee,
            self.deployment.agents[1],
            FOREVER,
            PLENTY,
            0,
            wished,
        )
        self.send_as_agent(router_contract(pool.router).call("exactInputSingle", arguments))

    # ------------------------------------------------------------------------------ reading

    def _observed(self, known: States | None) -> Observation:
        bot, logs = self.bot, tuple(self.logs)
        accounts = tracked((bot.account,), bot.markets)
        number = self.machine.block
        head = Head(self.deployment.chain, number, f"0x{number:064x}", Timestamp(self.machine.time))
        rounds: dict[MarketId, Rounds] = {}
        audit: dict[Place, int] = {}
        for market in bot.markets:
            adapter = adapter_of(bot.adapters, market)
            before: State | None = known.states.get(market.id) if known else None
            before = prepared(bot.adapters, market, before, logs)
            question = Question(market, accounts, head, before)
            answered: Rounds = ()
            while asked := adapter.reads(question):
                answers = tuple(self.machine.static(read.to, read.data) for read in asked)
                answered = (*answered, answers)
                state = adapter.decode(question, answers)
                question = replace(question, known=state, round=question.round + 1)
            rounds[market.id] = answered
            for each in adapter.audits(market, question.known, bot.account):
                answer = self.machine.static(each.read.to, each.read.data)
                audit[each.place] = words(answer, each.word + 1, each.place.key)[-1]
        reading = Reading(head, known is None, rounds, logs, audit, BASE_FEE)
        return Observation(decode(bot.adapters, bot.markets, accounts, known, reading), reading)


def fake_world(mandate: str, funds: Mapping[str, int], script: Sequence[Chapter]) -> FakeWorld:
    """The local world's contracts in process, the manager's account funded in base units."""
    with local_world() as world:
        machine = evm.load(world.rpc)
        deployment = world.deployment
    book = read_book(deployment.to_json(), "the local world")
    account, agent = deployment.agents[:2]
    bot = resolve(parse_mandate(mandate, "mandate.toml"), book, account)
    prices = {token.symbol: Fraction(token.price, 10**8) for token in world.spec.tokens}
    played = FakeWorld(machine, deployment, bot, iter(script), prices=prices)
    for symbol, raw in funds.items():
        played.send_as_agent(minted(book.token(symbol).address, account, raw))
    spenders = (bot.pools[0].spenders[0], book.market("aave_v3").address)
    for token in book.tokens.values():
        played.send_as_agent(minted(token.address, agent, PLENTY))
        for spender in spenders:
            approval = call_data("approve(address,uint256)", spender, PLENTY)
            played.send_as_agent(Call(token.address, approval))
    played.logs.clear()
    return played


def dust(world: FakeWorld) -> Call:
    """One base unit of the numeraire for the manager's account."""
    token = world.bot.numeraire
    return Call(token.address, call_data("transfer(address,uint256)", world.bot.account, 1))


def supply_on_our_behalf(world: FakeWorld) -> Call:
    """A hundred whole numeraire tokens lent for the manager's account."""
    token, lender = world.bot.numeraire, world.deployment.aave_v3.pool
    data = call_data(
        "supply(address,uint256,address,uint16)",
        token.address,
        100 * token.unit,
        world.bot.account,
        0,
    )
    return Call(lender, data)
