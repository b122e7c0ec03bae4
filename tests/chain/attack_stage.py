"""A manager under attack: it lives on a real chain, behind a node that an attacker may hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.faulty_node import FaultyNode
from tests.survival.ground import grounded, words_of
from tests.survival.living import Ground
from tests.survival.manager import Manager
from trimtab.core.abi import Call, call_data
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.lab.world import (
    Artifact,
    Contract,
    Deployer,
    LocalWorld,
    compiled,
    read,
    router_contract,
    token_contract,
    transaction,
)
from trimtab.lab.world.rpc import Json
from trimtab.lab.world.transactions import Transaction
from trimtab.protocols.uniswap_v3 import Pool

CONTRACTS = Path(__file__).parent / "contracts"
FOREVER = 2**40
GAS = 900_000_000


@dataclass(frozen=True, slots=True)
class Attack:
    """The world, the manager's ground in it, and the node between them."""

    world: LocalWorld
    ground: Ground
    node: FaultyNode

    @property
    def attacker(self) -> Address:
        return self.world.deployment.agents[5]

    @property
    def pool(self) -> Pool:
        found = self.ground.book.market("uniswap_v3:WETH/USDC/500")
        assert isinstance(found, Pool)
        return found

    def token(self, symbol: str) -> Token:
        return self.ground.book.token(symbol)

    def begin(self, journal: Path, turns: int = 3) -> Manager:
        """A manager with nothing on its way that has lived for some blocks."""
        manager = Manager.begin(self.world, self.node, self.ground, journal)
        for _ in range(turns):
            manager.turn()
        for _ in range(9):
            if not manager.memory.open:
                return manager
            manager.turn()
        raise AssertionError("the manager's plan does not land")

    # ------------------------------------------------------------------------ what others do

    def waits(self, sender: Address, call: Call, gas: int = 3_000_000) -> str:
        """Send what will be in the next block, after all that waits already; its hash."""
        fields: dict[str, Json] = {
            "from": sender,
            "to": call.to,
            "data": "0x" + call.data.hex(),
            "value": hex(call.value),
            "gas": hex(gas),
            "maxFeePerGas": hex(10**12),
            "maxPriorityFeePerGas": "0x0",
        }
        return str(self.world.rpc("eth_sendTransaction", fields))

    def done(self, *calls: Call, sender: Address | None = None) -> None:
        """Mine a block in which the attacker, or another, does this."""
        who = sender or self.attacker
        for receipt in self.world.mine(
            *(Transaction(who, c.to, c.data, c.value, gas=GAS // len(calls)) for c in calls)
        ):
            assert receipt.ok, receipt.error

    def created(self, built: Artifact) -> Contract:
        deployer = Deployer(self.world.rpc, self.attacker)
        made = deployer.create(built)
        deployer.mine(Timestamp(self.world.head.timestamp + 12))
        return made

    def equip(self, *symbols: str, raw: int = 10**26) -> None:
        """Give the attacker tokens, and let the exchange take them."""
        given = [self.world.funding(self.attacker, symbol, raw) for symbol in symbols]
        router = self.pool.spenders[0]
        approvals = [
            transaction(
                self.attacker,
                token_contract(self.token(symbol).address).call("approve", router, raw),
            )
            for symbol in symbols
        ]
        assert all(receipt.ok for receipt in self.world.mine(*given, *approvals))

    def price(self) -> int:
        """The square root of the pool's price, as the pool keeps it."""
        data = "0x" + call_data("slot0()").hex()
        answer = str(self.world.rpc("eth_call", {"to": self.pool.address, "data": data}, "latest"))
        return int(answer[2:66], 16)

    def pushing(self, price: int, *, is_down: bool) -> Call:
        """The attacker's swap that moves the pool's price down or up to this, whatever it costs."""
        pair = (self.pool.token0, self.pool.token1)
        sold, bought = pair if is_down else pair[::-1]
        arguments = (
            *(sold.address, bought.address, self.pool.fee, self.attacker, FOREVER),
            *(10**24, 0, price),
        )
        return router_contract(self.pool.spenders[0]).call("exactInputSingle", arguments)

    # ------------------------------------------------------------------------------- reading

    def held(self, token: Address, owner: Address | None = None, block: str = "latest") -> int:
        data = "0x" + call_data("balanceOf(address)", owner or self.ground.safe).hex()
        return words_of(str(self.world.rpc("eth_call", {"to": token, "data": data}, block)))

    def asked(self, contract: Contract, function: str, *arguments: object) -> Any:
        """What a view of a contract returns; its type is the ABI's business."""
        return read(self.world.rpc, contract, function, *arguments)


def own(source: str, contract: str) -> Artifact:
    """A hostile contract of the tests."""
    return compiled(CONTRACTS, source, contract)


@contextmanager
def attacked(folder: Path) -> Iterator[Attack]:
    """A new world under attack."""
    with grounded(folder) as (world, ground), FaultyNode(world.node.url) as node:
        yield Attack(world, ground, node)


@contextmanager
def undone(attack: Attack) -> Iterator[Attack]:
    """The world as it is; what is done to it within the block is undone."""
    attack.node.set()
    snapshot = attack.world.rpc("evm_snapshot")
    yield attack
    attack.node.set()
    assert attack.world.rpc("evm_revert", snapshot)
