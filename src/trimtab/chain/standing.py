"""One node among several: how it has done so far, and the highest block that any has told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from trimtab.chain.blocks import Freshness, block
from trimtab.chain.rpc import CHAIN_ID, SENDING, Reply, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import DataError, RpcError, StaleState

NEWEST = "latest"
_TAGS = frozenset({NEWEST, "safe", "finalized"})


@dataclass(frozen=True, slots=True)
class Rest:
    """Seconds for which a node that failed is left alone: doubled with every failure in a row."""

    first: float = 1.0
    longest: float = 300.0

    def after(self, failures: int) -> float:
        """The rest after so many failures in a row."""
        return min(self.first * 2.0 ** min(failures - 1, 64), self.longest)


@dataclass(slots=True)
class Standing:
    """A node with the failures that it has had in a row, and until when it rests for them."""

    rpc: Rpc
    freshness: Freshness | None
    rest: Rest
    clock: Callable[[], float]
    failures: int = 0
    until: float = 0.0
    is_checked: bool = False

    @property
    def is_resting(self) -> bool:
        """Whether others are asked before it."""
        return self.failures > 0 and self.clock() < self.until

    def fail(self) -> None:
        """Set the node aside for a while; whoever answers at its address then is a stranger."""
        self.failures += 1
        self.until = self.clock() + self.rest.after(self.failures)
        self.is_checked = False

    def recover(self) -> None:
        """Forget earlier failures."""
        self.failures = 0

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """As `Rpc.batch`, of a node that serves our chain and whose newest block is fresh.

        The chain id is asked for with the first requests, again with the first after a failure,
        and with every question for the newest block: behind one address there may be many nodes.
        Other reads are pinned to a block hash that no other chain has. Raises RpcError, and
        StaleState.
        """
        if any(each.method == SENDING for each in requests):
            raise ValueError("a node for reading is sent no transaction: that is the relay's part")
        if self.is_checked and not any(map(tag_of, requests)):
            return await self.rpc.batch(requests)
        stated, *replies = await self.rpc.batch((CHAIN_ID, *requests))
        self.rpc.check_stated(stated)
        self.is_checked = True
        for request, reply in zip(requests, replies, strict=True):
            tag = tag_of(request)
            found = block(reply, self.rpc.chain) if tag else None
            if found is not None and tag == NEWEST and self.freshness is not None:
                self.freshness.check(found.head, self.rpc.url)
        return tuple(replies)


def tag_of(request: Request) -> str | None:
    """The tag by which a request asks for a block: its answer is each node's own opinion."""
    if request.method != "eth_getBlockByNumber":
        return None
    tag = request.parameters[0]
    return tag if isinstance(tag, str) and tag in _TAGS else None


def in_turn(standings: Iterable[Standing], least: int) -> list[Standing]:
    """Whom to ask, in order: those that do not rest, and so many of the others as are needed."""
    every = list(standings)
    awake = [each for each in every if not each.is_resting]
    resting = sorted((each for each in every if each.is_resting), key=lambda each: each.until)
    return awake + resting[: max(least - len(awake), 0)]


@dataclass(slots=True)
class Mark:
    """The highest number of a newest block: the chain goes back from it only with an error.

    Where every node has gone back, that is told once and then believed: to refuse for ever would
    be to go blind on the word of one node that told of a block too high.
    """

    highest: int = -1
    _told: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what was told in earlier rounds."""
        self._told.clear()

    def see(self, number: int, url: RpcUrl) -> None:
        """Take a newest block's number in. Raises StaleState where it is under the mark."""
        self._told.append(number)
        if number < self.highest:
            raise StaleState(
                f"the newest block of the node {url} is {number}, and {self.highest} was told of "
                "before: it is behind, or the chain went back; name more nodes, or wait"
            )
        self.highest = number

    def settle(self) -> None:
        """Believe what was told in a round in which all have gone back."""
        self.highest = max(self._told, default=self.highest)


def failure(troubles: Sequence[DataError], what: str) -> DataError:
    """One error for those of several nodes, of the kind that says most about the chain."""
    if len(troubles) == 1:
        return troubles[0]
    words = f"{what}: " + "; ".join(map(str, troubles))
    if any(isinstance(each, StaleState) for each in troubles):
        return StaleState(words)
    faults = [each.fault for each in troubles if isinstance(each, RpcError)]
    return RpcError(words, faults[0] if faults else "transport")
