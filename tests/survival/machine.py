"""Everything that can go wrong, in any order, and the books that must be right afterwards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

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
    Status,
    Truncated,
    Without,
)
from tests.support.faulty_node import FaultyNode
from tests.survival.living import Ground
from tests.survival.manager import HURRY, Manager
from trimtab.lab.world import LocalWorld, feed_contract, minted, transaction

FAULTS: tuple[Fault, ...] = (
    Dropped(),
    Dropped(forwards=True),
    Status(503),
    Status(429),
    Body(b"\x00\xff garbage"),
    Body(b"[]"),
    Truncated(),
    Huge(HURRY.largest + 1),
    Without("hash"),
    Without("timestamp"),
    Without("status"),
    Answered(None),
    Answered("0x"),
    Answered(["0x1"]),
    OtherChain(),
    HeadBack(1),
    HeadBack(4),
    Refused(),
)
METHODS = (
    (),
    ("eth_getBlockByNumber",),
    ("eth_getBlockByHash",),
    ("eth_getLogs",),
    ("eth_call",),
    ("eth_getTransactionCount",),
    ("eth_getTransactionReceipt",),
    ("eth_simulateV1",),
    ("eth_sendRawTransaction",),
)


class Survival(RuleBasedStateMachine):
    """One episode: a manager with a journal of its own, on a world that all episodes share."""

    world: ClassVar[LocalWorld]
    node: ClassVar[FaultyNode]
    ground: ClassVar[Ground]
    folder: ClassVar[Path]
    episodes: ClassVar[int] = 0
    told: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        Survival.episodes += 1
        journal = self.folder / f"episode-{self.episodes}.sqlite"
        self.manager = Manager.begin(self.world, self.node, self.ground, journal)
        self.manager.turn()

    @rule(count=st.integers(1, 3))
    def go_on(self, count: int) -> None:
        for _ in range(count):
            self.manager.turn()

    @rule()
    def see_the_same_block_again(self) -> None:
        self.manager.live()

    @rule()
    def lose_what_was_sent(self) -> None:
        self.manager.lose()
        self.manager.turn()

    @rule(depth=st.integers(1, 5), pools=st.booleans(), mines=st.booleans())
    def take_blocks_back(self, depth: int, pools: bool, mines: bool) -> None:
        self.manager.reorg(depth, pools=pools)
        self.manager.turn() if mines else self.manager.live()

    @rule(points=st.integers(1, 24))
    def crash(self, points: int) -> None:
        self.manager.crash(points)

    @rule(
        fault=st.sampled_from(FAULTS),
        methods=st.sampled_from(METHODS),
        skip=st.integers(0, 4),
        turns=st.integers(1, 3),
    )
    def fail(self, fault: Fault, methods: tuple[str, ...], skip: int, turns: int) -> None:
        self.manager.node.set(Rule(fault, methods, skip))
        for _ in range(turns):
            self.manager.turn()
        self.manager.node.set()

    @rule(turns=st.integers(1, 6))
    def keep_to_a_relay(self, turns: int) -> None:
        self.manager.hold()
        for _ in range(turns):
            self.manager.turn()
        self.manager.node.set()
        self.manager.release()
        self.manager.turn()

    @rule(gwei=st.integers(1, 300))
    def raise_the_base_fee(self, gwei: int) -> None:
        self.manager.raise_base_fee(gwei * 10**9)
        self.manager.turn()

    @rule(symbol=st.sampled_from(["USDC", "WETH"]), raw=st.integers(1, 10**18))
    def get_dust(self, symbol: str, raw: int) -> None:
        token = self.world.deployment.tokens[symbol]
        deployer = self.world.deployment.deployer
        self.world.mine(transaction(deployer, minted(token.address, self.ground.safe, raw)))
        self.manager.live()

    @rule(per_mille=st.integers(-5, 5))
    def see_another_price(self, per_mille: int) -> None:
        feed = feed_contract(self.world.deployment.feeds["WETH"].address)
        price = next(each.price for each in self.world.spec.tokens if each.symbol == "WETH")
        moved = price * (1000 + per_mille) // 1000
        deployer = self.world.deployment.deployer
        self.world.mine(transaction(deployer, feed.call("updateAnswer", moved)))
        self.manager.live()

    def teardown(self) -> None:
        try:
            found = self.manager.end()
        finally:
            self.manager.close()
        Survival.told.update(landed=found.landed, failed=found.failed, flows=found.flows)
        Survival.told.update(
            skipped=len(self.manager.skips), cancelled=found.cancelled, unwound=found.unwound
        )
