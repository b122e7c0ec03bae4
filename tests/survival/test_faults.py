"""One fault at a time: the class it ends in, no action on bad state, and books that are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import (
    Answered,
    Body,
    Dropped,
    Fault,
    HeadBack,
    Huge,
    OtherChain,
    Refused,
    Rule,
    Silent,
    StaleHead,
    Status,
    Truncated,
    Without,
)
from tests.support.faulty_node import FaultyNode
from tests.survival.ground import grounded
from tests.survival.living import Ground
from tests.survival.manager import HURRY, Manager
from trimtab.chain.safe import inner_calls
from trimtab.chain.signer import Transaction
from trimtab.core.errors import InvariantViolation
from trimtab.lab.world import LocalWorld

pytestmark = pytest.mark.chain

Stage = tuple[LocalWorld, Ground, FaultyNode]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("faults")
    with grounded(folder) as (world, ground), FaultyNode(world.node.url) as node:
        yield world, ground, node


@pytest.fixture
def manager(stage: Stage, tmp_path: Path) -> Iterator[Manager]:
    """A manager that has made a plan, sent it, and seen it land."""
    world, ground, node = stage
    manager = Manager.begin(world, node, ground, tmp_path / "journal.sqlite")
    for _ in range(3):
        manager.turn()
    yield manager
    manager.close()


# ------------------------------------------------------------------------------------ the node


@pytest.mark.parametrize(
    "fault",
    [
        Silent(),
        Dropped(),
        Status(500),
        Status(429),
        Body(b"\x00 no JSON"),
        Body(b"[]"),
        Truncated(),
        Huge(HURRY.largest + 1),
        Without("hash"),
        Without("parentHash"),
        Without("baseFeePerGas"),
        Answered(None),
        Answered("0x"),
        OtherChain(),
        Refused(),
    ],
    ids=str,
)
def test_node__fails__block_is_skipped_and_nothing_done(manager: Manager, fault: Fault) -> None:
    before = manager.memory
    manager.node.set(Rule(fault))
    for _ in range(2):
        manager.turn()
    assert manager.errors() <= {"RpcError", "NodeRefusal"}
    assert manager.skips
    assert manager.memory == before, "nothing is remembered of a block that cannot be judged"
    assert "k3yK3y" not in " ".join(manager.skips), "the key in the address is told"
    found = manager.end()
    assert found.landed > 0


@pytest.mark.parametrize("fault", [HeadBack(9), StaleHead(3)], ids=str)
def test_node__head_goes_back__is_behind_and_no_reorg(manager: Manager, fault: Fault) -> None:
    before = manager.memory
    manager.node.set(Rule(fault))
    for _ in range(3):
        manager.turn()
    assert manager.errors() <= {"StaleState", "Reorg"}
    assert manager.memory == before
    assert manager.end().unwound == 0


def test_node__silent_for_20_blocks__goes_on_where_it_was(manager: Manager) -> None:
    before = manager.memory
    manager.node.set(Rule(Status(503)))
    for _ in range(20):
        manager.turn()
    assert manager.memory == before
    manager.node.set()
    manager.turn()
    assert manager.memory.breakers == {}, "240 s are less than 25 blocks' time"
    manager.end()


def test_node__silent_for_longer_than_is_allowed__takes_no_new_risk(manager: Manager) -> None:
    manager.node.set(Rule(Status(503)))
    for _ in range(26):
        manager.turn()
    manager.node.set()
    manager.turn()
    assert set(manager.memory.breakers) == {"blindness"}
    held = manager.memory.intents
    for _ in range(4):
        manager.turn()
    assert manager.memory.intents in ((), held)
    manager.end()


# ----------------------------------------------------------------------------------- the chain


@pytest.mark.parametrize("pools", [True, False], ids=["pooled again", "lost"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_reorg__over_our_own_transaction__unwound_and_landed_again(
    manager: Manager, depth: int, pools: bool
) -> None:
    for _ in range(4):
        manager.turn()
    manager.reorg(depth, pools=pools)
    manager.turn()
    assert manager.errors() == {"Reorg"}
    found = manager.end()
    assert found.unwound == 1
    assert found.landed > 0


def test_transaction__dropped__is_sent_again_and_lands(manager: Manager) -> None:
    while not manager.memory.open:
        manager.turn()
    (sent,) = manager.memory.intents
    manager.lose()
    manager.turn()
    assert manager.memory.intents == (sent,), "it is as open as it was"
    manager.turn()
    assert sent.nonce not in {intent.nonce for intent in manager.memory.intents}
    assert sent.hashes[0] in {each.hash for each in manager.end().mined}


def test_transaction__underpriced__is_replaced_at_its_nonce(manager: Manager) -> None:
    while not manager.memory.open:
        manager.turn()
    (sent,) = manager.memory.intents
    manager.lose()
    manager.raise_base_fee(2 * sent.most_fee)
    manager.turn()
    (raised,) = manager.memory.intents
    assert raised.nonce == sent.nonce
    assert raised.hashes[0] == sent.hashes[0]
    assert len(raised.hashes) == 2
    first, second = map(Transaction.of, raised.raws)
    assert (first.data, first.to) == (second.data, second.to), "it does the same for more"
    assert second.fees.most > 2 * sent.most_fee
    manager.turn()
    assert raised.hashes[1] in {each.hash for each in manager.end().mined}


def test_transaction__kept_by_a_relay_beyond_its_deadline__is_cancelled(manager: Manager) -> None:
    while manager.memory.open:
        manager.turn()
    manager.hold()
    for _ in range(8):
        manager.turn()
    (late,) = manager.memory.intents
    assert late.cancels
    assert len(late.raws) == 2
    assert manager.end().cancelled == 1


def test_transaction__private__lands_50_blocks_late_and_reverts(manager: Manager) -> None:
    """The relay mines the plan after all, though it was cancelled long ago."""
    while manager.memory.open:
        manager.turn()
    manager.hold()
    for _ in range(50):
        manager.turn()
    (late,) = manager.memory.intents
    manager.release(first=True)
    manager.turn()
    found = manager.end()
    assert late.hashes[0] in {each.hash for each in found.mined}
    assert inner_calls(Transaction.of(late.raws[0]).data)
    assert (found.failed, found.cancelled) == (1, 0)


def test_attack_key_used_by_another__halts_and_names_the_transaction(manager: Manager) -> None:
    while manager.memory.open:
        manager.turn()
    manager.hold()  # what the manager sends stays away, and another one's is mined
    while not manager.memory.open:
        manager.turn()
    own = Transaction.of(manager.memory.intents[0].raws[0])
    foreign = manager.signed(own, value=1)
    manager.world.rpc("eth_sendRawTransaction", "0x" + foreign.hex())
    with pytest.raises(InvariantViolation, match=r"INV-13.*who else has the key"):
        manager.turn()
