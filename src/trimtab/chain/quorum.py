"""Answers that several nodes agree on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from trimtab.chain.agreement import essence
from trimtab.chain.blocks import block, block_by_number
from trimtab.chain.node import Node
from trimtab.chain.rpc import Reply, Request
from trimtab.chain.secret import RpcUrl
from trimtab.chain.standing import NEWEST, Mark, Standing, failure, in_turn, tag_of
from trimtab.core.errors import DataError, RpcError, StaleState

T = TypeVar("T")

_Answer: TypeAlias = tuple[Reply, Hashable]
"""A reply, and what of it must be equal."""


@dataclass(slots=True)
class _Ballot:
    """Who has answered what to one request."""

    votes: dict[Hashable, list[tuple[Standing, Reply]]] = field(default_factory=dict)

    def add(self, standing: Standing, answer: _Answer) -> None:
        reply, what = answer
        self.votes.setdefault(what, []).append((standing, reply))

    @property
    def most(self) -> list[tuple[Standing, Reply]]:
        """The votes for the answer that most gave."""
        return max(self.votes.values(), key=len, default=[])

    @property
    def outvoted(self) -> list[Standing]:
        """Who gave another answer."""
        most = self.most
        return [each for votes in self.votes.values() if votes is not most for each, _ in votes]


@dataclass(frozen=True, slots=True)
class Quorum:
    """So many nodes must give the same answer to every request; see `node.Node`.

    What is asked by hash has one true answer, so two honest nodes cannot differ. What is asked by
    number, and receipts and counts of transactions, may differ for a moment: that is
    RpcError(inconsistent), and the block is skipped. An outvoted node is set aside.
    """

    standings: Sequence[Standing]
    least: int
    mark: Mark

    @property
    def url(self) -> RpcUrl:
        """The address of the node that is asked first."""
        return in_turn(self.standings, self.least)[0].rpc.url

    @property
    def chain(self) -> int:
        """The chain that all nodes serve."""
        return self.standings[0].rpc.chain

    async def check_chain(self) -> None:
        """Nothing: every node states its chain with what it is asked first."""

    async def ask(self, request: Request) -> Reply:
        """The reply that enough nodes give to one request."""
        return (await self.batch((request,)))[0]

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """The replies that enough nodes give, one request apart from the other."""
        tagged = {number: await self._tagged(r) for number, r in enumerate(requests) if tag_of(r)}
        plain = [each for each in requests if not tag_of(each)]
        agreed = iter(await self._agreed(plain) if plain else ())
        return tuple(
            tagged[number] if number in tagged else next(agreed) for number in range(len(requests))
        )

    async def whole(self, work: Callable[[Node], Awaitable[T]]) -> T:
        """What a work gives where enough nodes agree on each of its requests."""
        return await work(self)

    async def close(self) -> None:
        """Nothing: the connections belong to the nodes."""

    # ------------------------------------------------------------------------------ agreement

    async def _agreed(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies of the majority; further nodes are asked as long as there is none."""
        ballots = [_Ballot() for _ in requests]
        waiting = in_turn(self.standings, self.least)
        troubles: list[DataError] = []
        answered = 0
        while missing := self.least - min(len(each.most) for each in ballots):
            asked, waiting = waiting[:missing], waiting[missing:]
            if not asked:
                break
            for standing, found in await self._answers(asked, requests):
                if isinstance(found, DataError):
                    troubles.append(found)
                    continue
                answered += 1
                for ballot, answer in zip(ballots, found, strict=True):
                    ballot.add(standing, answer)
        self._check_count(answered, troubles)
        for request, ballot in zip(requests, ballots, strict=True):
            if len(ballot.most) < self.least:
                raise self._contradiction(request, ballot)
        self._judge(ballots)
        return [ballot.most[0][1] for ballot in ballots]

    async def _tagged(self, request: Request) -> Reply:
        """The highest block that enough nodes have come to and agree on.

        The nodes need not be equally far, so the one that is behind and the one that claims to
        be ahead of all are left out by counting from the top.
        """
        newest: list[tuple[Standing, int]] = []
        troubles: list[DataError] = []
        every = in_turn(self.standings, self.least)
        for standing, found in await self._answers(every, (request,)):
            if isinstance(found, DataError):
                troubles.append(found)
            elif (top := block(found[0][0], self.chain)) is not None:
                newest.append((standing, top.head.number))
        self._check_count(len(newest), troubles)
        numbers = sorted((number for _, number in newest), reverse=True)
        ballot = _Ballot()
        for number in dict.fromkeys(numbers[self.least - 1 :]):
            ballot = await self._at([each for each, top in newest if top >= number], number)
            if len(ballot.most) >= self.least:
                self._judge([ballot])
                standing, reply = ballot.most[0]
                if tag_of(request) == NEWEST:
                    self.mark.see(number, standing.rpc.url)
                return reply
        raise self._contradiction(request, ballot)

    async def _at(self, asked: Sequence[Standing], number: int) -> _Ballot:
        ballot = _Ballot()
        for standing, found in await self._answers(asked, (block_by_number(number),)):
            if not isinstance(found, DataError):
                ballot.add(standing, found[0])
        return ballot

    async def _answers(
        self, asked: Sequence[Standing], requests: Sequence[Request]
    ) -> list[tuple[Standing, list[_Answer] | DataError]]:
        """What each node answers, or how it failed; then it is set aside."""
        found = await asyncio.gather(*(_answer(each, requests) for each in asked))
        return list(zip(asked, found, strict=True))

    def _check_count(self, answered: int, troubles: Sequence[DataError]) -> None:
        """Raise what the nodes failed with unless enough of them answered."""
        if answered < self.least and troubles:
            raise failure(troubles, f"{answered} nodes answer, {self.least} must agree")
        if answered < self.least:
            raise RpcError(
                f"{answered} nodes know of a block, {self.least} must agree: are they in step?",
                "inconsistent",
            )

    def _judge(self, ballots: Sequence[_Ballot]) -> None:
        """Set aside who was outvoted, and forget the failures of who was not."""
        outvoted = [each for ballot in ballots for each in ballot.outvoted]
        voters = [s for ballot in ballots for votes in ballot.votes.values() for s, _ in votes]
        for standing in {id(each): each for each in voters}.values():
            if any(standing is each for each in outvoted):
                standing.fail()
            else:
                standing.recover()

    def _contradiction(self, request: Request, ballot: _Ballot) -> RpcError:
        voters = [each.rpc.url for votes in ballot.votes.values() for each, _ in votes]
        told = ", ".join(map(str, voters))
        return RpcError(
            f"the nodes {told} contradict each other about {request.method}, {self.least} must "
            "agree: one of them is behind, or lies; wait, or name more nodes",
            "inconsistent",
        )


async def _answer(standing: Standing, requests: Sequence[Request]) -> list[_Answer] | DataError:
    try:
        return [(reply, essence(reply)) for reply in await standing.batch(requests)]
    except (RpcError, StaleState) as error:
        standing.fail()
        return error
