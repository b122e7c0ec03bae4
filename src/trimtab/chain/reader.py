"""One tick's reading: every market at one block, its logs, and the chain's own sums.

The port that a world is built on is `Reader.observe`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.chain.blocks import Block, LogQuery, block, block_by_hash, check_canonical, head
from trimtab.chain.multicall import Multicall, ask
from trimtab.chain.node import Node
from trimtab.chain.rpc import NodeRefusal, Reply
from trimtab.core.abi import Answer, Log, Read
from trimtab.core.adapter import Adapter, Adapters, Question, adapter_of, decoded
from trimtab.core.errors import MissingRead, Reorg, RpcError
from trimtab.core.market import Accounts, Audit, Head, Market, MarketId, Place, State
from trimtab.core.reading import Observation, Reading, decode, emitters, prepared
from trimtab.core.states import States
from trimtab.core.token import Address

MOST_ROUNDS = 64
"""Rounds after which a market that still asks is not believed."""


@dataclass(slots=True)
class _Course:
    """One market's way through the rounds: its open question and what was answered before."""

    adapter: Adapter[State]
    question: Question[State]
    reads: tuple[Read, ...]
    rounds: tuple[tuple[Answer, ...], ...] = ()

    def fold(self, adapters: Adapters, logs: tuple[Log, ...]) -> bool:
        """Take the logs in before round 0; whether what was asked is still the question."""
        question = self.question
        known = prepared(adapters, question.market, question.known, logs)
        if known is question.known:
            return True
        self.question = replace(question, known=known)
        asked, self.reads = self.reads, self.adapter.reads(self.question)
        return asked == self.reads

    def learn(self, answers: tuple[Answer, ...]) -> None:
        """Take a round's answers in, and ask what they leave open."""
        if not self.reads:
            return
        state = decoded(self.adapter, self.question, answers)
        self.rounds = (*self.rounds, answers)
        number = self.question.round + 1
        self.question = replace(self.question, known=state, round=number)
        self.reads = self.adapter.reads(self.question)
        if self.reads and number >= MOST_ROUNDS:
            raise MissingRead(
                f"{self.question.market.name} still asks after {MOST_ROUNDS} rounds of reads: "
                "its contract never comes to an end; drop the market"
            )


class Reader:
    """Reads some markets of one chain, for `account` and the other tracked accounts.

    A node that `mixes` answers what it is asked of its newest block from the next one while it
    makes that, as a development chain does. What it says of a block that is past is true.
    """

    def __init__(
        self,
        rpc: Node,
        adapters: Adapters,
        markets: tuple[Market[State], ...],
        accounts: Accounts,
        account: Address,
        multicall: Multicall | None = None,
        *,
        mixes: bool = False,
    ) -> None:
        self._rpc = rpc
        self._mixes = mixes
        self._adapters = adapters
        self._markets = markets
        self._accounts = accounts
        self._multicall = multicall or Multicall()
        self._emitters = emitters(adapters, markets)
        self._account = account

    async def observe(self, known: States | None, at: Head) -> Observation:
        """The states at a block, and the reading that `core.reading.decode` gives them from.

        With `known` states of an earlier block only what changed is read, and the logs since.
        One node answers the whole of it, or nodes that agree on every answer. Reads are pinned to
        the block's hash, so that answers of different nodes would fit together as well; but what
        is asked by number on the way, whether the ends of a range are still part of the chain,
        only says something about the logs of the node that is asked.

        Raises Reorg if either block is no longer part of the chain, RpcError and MissingRead.
        """
        reading = await self._rpc.whole(lambda node: self._read(node, known, at))
        states = decode(self._adapters, self._markets, self._accounts, known, reading)
        return Observation(states, reading)

    async def _read(self, node: Node, known: States | None, at: Head) -> Reading:
        try:
            return await self._settled(node, known, at)
        except NodeRefusal:
            await check_canonical(node, (at,))
            raise

    async def _settled(self, node: Node, known: States | None, at: Head) -> Reading:
        """The reading, made again if the block was the newest no more when it was answered."""
        if not self._mixes:
            return await self._reading(node, known, at)
        try:
            reading = await self._reading(node, known, at)
        except (MissingRead, NodeRefusal):
            if (await head(node, "latest")).number == at.number:
                raise
        else:
            if (await head(node, "latest")).number == at.number:
                return reading
        return await self._reading(node, known, at)

    async def _reading(self, node: Node, known: States | None, at: Head) -> Reading:
        previous = at if known is None else known.heads[at.chain]
        _check_ahead(previous, at)
        courses = [self._course(market, known, at) for market in self._markets]
        reads = [read for course in courses for read in course.reads]
        audits = self._audits({} if known is None else known.states)
        audit_reads = [each.read for each in audits]
        query = LogQuery(self._emitters, previous, at)
        replies = iter(
            await node.batch(
                (
                    block_by_hash(at),
                    *self._multicall.requests(reads, at),
                    *self._multicall.requests(audit_reads, at),
                    *query.requests(),
                )
            )
        )
        header = _header(next(replies), previous, at)
        answers = self._multicall.answers(reads, replies)
        audited = self._multicall.answers(audit_reads, replies)
        logs = await query.logs(node, replies)
        self._start(courses, answers, logs)
        while any(course.reads for course in courses):
            await self._round(node, courses, at)
        rounds = {course.question.market.id: course.rounds for course in courses}
        audit = await self._audit(node, courses, dict(zip(audits, audited, strict=True)), at)
        return Reading(at, known is None, rounds, logs, audit, header.base_fee)

    def _course(self, market: Market[State], known: States | None, at: Head) -> _Course:
        adapter = adapter_of(self._adapters, market)
        earlier = None if known is None else known.states.get(market.id)
        question = Question(market, self._accounts, at, earlier)
        return _Course(adapter, question, adapter.reads(question))

    def _start(
        self, courses: Sequence[_Course], answers: tuple[Answer, ...], logs: tuple[Log, ...]
    ) -> None:
        """Give round 0 its answers, unless the logs changed what a market has to ask.

        Round 0 is asked together with the logs, hence before they are known.
        """
        for course, given in zip(courses, _dealt(courses, answers), strict=True):
            if course.fold(self._adapters, logs):
                course.learn(given)

    async def _round(self, node: Node, courses: Sequence[_Course], at: Head) -> None:
        reads = [read for course in courses for read in course.reads]
        answers = await ask(node, reads, at, self._multicall)
        for course, given in zip(courses, _dealt(courses, answers), strict=True):
            course.learn(given)

    def _audits(self, states: Mapping[MarketId, State]) -> tuple[Audit, ...]:
        return tuple(
            each
            for market in self._markets
            for each in adapter_of(self._adapters, market).audits(
                market, states.get(market.id), self._account
            )
        )

    async def _audit(
        self, node: Node, courses: Sequence[_Course], asked: Mapping[Audit, Answer], at: Head
    ) -> dict[Place, int]:
        """What the chain says of every place, those asked for that only the logs told of."""
        states = {
            course.question.market.id: course.question.known
            for course in courses
            if course.question.known is not None
        }
        audits = self._audits(states)
        opened = [each for each in audits if each not in asked]
        answers = await ask(node, [each.read for each in opened], at, self._multicall)
        given = {**asked, **dict(zip(opened, answers, strict=True))}
        return {each.place: each.value(given[each]) for each in audits}


def _header(reply: Reply, previous: Head, at: Head) -> Block:
    found = block(reply, at.chain)
    if found is None:
        raise Reorg(f"block {at.number} ({at.hash}) is gone: read the newest")
    if found.head != at:
        raise RpcError(f"the node gave {found.head} where {at} was asked for", "inconsistent")
    if at.number == previous.number + 1 and found.parent != previous.hash:
        raise Reorg(
            f"block {at.number} comes after {found.parent}, not after {previous.hash} that "
            "was read before: read all anew"
        )
    return found


def _check_ahead(previous: Head, at: Head) -> None:
    """Raise Reorg unless `at` can come after the previous head, or be the same."""
    if at.number < previous.number or (at.number == previous.number and at != previous):
        raise Reorg(
            f"block {previous.number} ({previous.hash}) was read before, and now the head is "
            f"{at.number} ({at.hash}): read all anew"
        )


def _dealt(courses: Sequence[_Course], answers: tuple[Answer, ...]) -> list[tuple[Answer, ...]]:
    """Each market's part of the answers, in the order in which they were asked."""
    dealt: list[tuple[Answer, ...]] = []
    at = 0
    for course in courses:
        dealt.append(answers[at : at + len(course.reads)])
        at += len(course.reads)
    return dealt
