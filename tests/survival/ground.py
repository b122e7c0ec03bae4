"""The chain that the manager lives on, and the reckoning: chain and journal compared."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from tests.survival.living import KEY, Ground
from trimtab.chain.safe import inner_calls
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer
from trimtab.core.abi import Answer, call_data, words
from trimtab.core.market import wallet
from trimtab.core.settlement import Dropped, Failed, Landed
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.journal.records import Kind, Record
from trimtab.journal.store import Journal
from trimtab.journal.values import intent_of, settlement_of
from trimtab.lab.world import LocalWorld, Rpc, local_world, transaction

T = TypeVar("T")

LONGEST = 60
"""Seconds after which a life is ended that does not end by itself."""
FUNDS = {"USDC": 500_000 * 10**6, "WETH": 150 * 10**18}


@contextmanager
def grounded(folder: Path) -> Iterator[tuple[LocalWorld, Ground]]:
    """A new world with a funded Safe, and the first journal to be written."""
    with local_world() as world:
        signer = Signer(Secret(KEY))
        world.give_native(signer.address, 10**21)
        made = world.new_safe(signer.address)
        world.mine(transaction(world.deployment.agents[0], made.creation))
        world.mine(*(world.funding(made.address, symbol, raw) for symbol, raw in FUNDS.items()))
        book = world.deployment.to_json()
        yield world, Ground(world.node.url, book, made.address, folder / "0.sqlite")


def alone(work: Callable[..., T], *arguments: object) -> T:
    """What a work gives in a process without threads, from which lives can be forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.survival.kills"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def lived(life: Callable[..., object], *arguments: object) -> int:
    """Run a life in a process of its own; its exit code, negative where a signal ended it.

    Everything is imported already, so that it begins in a millisecond.
    """
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST)
        try:
            life(*arguments)
        except BaseException:  # noqa: BLE001 (a forked process must not go on as its parent)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


# --------------------------------------------------------------------------------- reckoning


class Connected(Protocol):
    """A world whose node can be asked."""

    @property
    def rpc(self) -> Rpc: ...


class _Sent(msgspec.Struct, rename="camel"):
    hash: str
    nonce: str
    input: str
    sender: str = msgspec.field(name="from")


class _Block(msgspec.Struct):
    transactions: list[_Sent]


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What the chain has of the signer's since a block, and what the journal tells."""

    mined: tuple[_Sent, ...]
    memory: Memory
    landed: int = 0
    failed: int = 0
    cancelled: int = 0
    flows: int = 0
    unwound: int = 0


def reckoned(world: Connected, ground: Ground, since: int) -> Reckoning:
    """Compare chain and journal: nothing lost, nothing sent twice, the book as told.

    Others may act meanwhile: what they do to the book is a flow that is not ours.

    Every transaction of the signer on the chain was journaled with its raw bytes, each nonce
    was used once, each plan was executed at most once, every settlement is of a transaction
    that is there, every flow is known as ours or as another's, no block has a conservation error,
    and the memory that replay leads to holds what the contracts say.
    """
    mined = _mined(world, ground, since)
    with Journal.read(ground.journal) as journal:
        journal.verify()
        intents = [intent_of(record) for record in journal.records("intent")]
        ended = [settlement_of(record) for record in _standing(journal, "settled")]
        flows = _standing(journal, "flows")
        unwound = sum(1 for _ in journal.records("unwound"))
        memory = replay(ground.bot(), journal)
        assert set(journal.open_intents()) == set(memory.intents)
    journaled = {hash_: intent for intent in intents for hash_ in intent.hashes}
    assert [each.hash for each in mined if each.hash not in journaled] == []
    nonces = [int(each.nonce, 16) for each in mined]
    assert nonces == list(range(nonces[0], nonces[0] + len(nonces))) if nonces else True
    executed = [journaled[each.hash].plan_hash for each in mined if _is_plan(each)]
    assert len(executed) == len(set(executed)), "a plan was executed twice"
    settled = [each.transaction for each in ended if isinstance(each, Landed | Failed)]
    assert set(settled) <= {each.hash for each in mined}
    opened = {intent.nonce for intent in memory.intents}
    unsettled = {each.hash for each in mined if _is_plan(each)} - set(settled)
    assert {journaled[each].nonce for each in unsettled} <= opened, "a settlement is lost"
    assert [each for each in map(_error, flows) if each] == []
    ours = {each.hash for each in mined}
    told = [each for record in flows for each in _flows(record)]
    assert [each for each in told if each.is_ours != (each.transaction in ours)] == []
    _check_book(world, ground, memory)
    return Reckoning(
        mined,
        memory,
        landed=sum(isinstance(each, Landed) for each in ended),
        failed=sum(isinstance(each, Failed) for each in ended),
        cancelled=sum(isinstance(each, Dropped) for each in ended),
        unwound=unwound,
        flows=len(told),
    )


def _standing(journal: Journal, kind: Kind) -> list[Record]:
    """The records of a kind whose blocks no reorg took back."""
    kept: list[Record] = []
    for record in journal.records():
        if record.kind == "unwound":
            last = -1 if record.block is None else record.block
            kept = [each for each in kept if (each.block or 0) <= last]
        elif record.kind == kind:
            kept.append(record)
    return kept


def _check_book(world: Connected, ground: Ground, memory: Memory) -> None:
    """The book remembered is what the tokens themselves say at that block."""
    assert memory.moment is not None
    assert memory.states is not None
    number = hex(memory.states.head.number)
    for token in ground.bot().feeds:
        data = "0x" + call_data("balanceOf(address)", ground.safe).hex()
        told = world.rpc("eth_call", {"to": token.address, "data": data}, number)
        held = memory.moment.book.get(wallet(token), 0)
        assert words_of(str(told)) == held, f"{token.symbol} at block {number}"


def words_of(answer: str) -> int:
    """The one word of an answer."""
    (word,) = words(Answer(True, bytes.fromhex(answer[2:])), 1, "a balance")
    return word


def _mined(world: Connected, ground: Ground, since: int) -> tuple[_Sent, ...]:
    """The signer's transactions after a block, in the chain's order."""
    signer = ground.owner.lower()
    last = int(str(world.rpc("eth_blockNumber")), 16)
    asked = [("eth_getBlockByNumber", (hex(number), True)) for number in range(since + 1, last + 1)]
    blocks = [msgspec.convert(each, _Block) for each in world.rpc.batch(asked)]
    return tuple(each for block in blocks for each in block.transactions if each.sender == signer)


def _is_plan(sent: _Sent) -> bool:
    return bool(inner_calls(bytes.fromhex(sent.input[2:])))


class _Change(msgspec.Struct):
    is_ours: bool
    transaction: str = ""


class _Flows(msgspec.Struct):
    flows: list[_Change]
    error: str


class _Transactions(msgspec.Struct):
    transactions: list[str]


def _flows(record: Record) -> list[_Change]:
    """The changes that a record tells of, each with its transaction."""
    found = msgspec.convert(record.economic, _Flows).flows
    names = msgspec.convert(record.detail, _Transactions).transactions
    return [_Change(each.is_ours, name) for each, name in zip(found, names, strict=True)]


def _error(record: Record) -> int:
    return int(msgspec.convert(record.economic, _Flows).error)
