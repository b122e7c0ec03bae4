"""A pair carried on by its events alone through whatever others do, against one read anew."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.laws.law import read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Log, call_data, topic
from trimtab.core.market import Accounts, Market, State, tracked
from trimtab.core.states import Reverted
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.lab.world import DEFAULT_WORLD, PairSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.uniswap_v2 import Pair, PairState, UniswapV2Adapter

pytestmark = pytest.mark.chain

ADAPTER = UniswapV2Adapter()
FOREVER = 2**40
WORLD = replace(DEFAULT_WORLD, pools=(), pairs=(PairSpec("WETH", "USDC", 1_000_000),))
OWNER: LocalAccount = Account.from_key(b"\x07" * 32)
PLACE = address(OWNER.address)
PERMIT = (
    "removeLiquidityWithPermit(address,address,uint256,uint256,uint256,address,uint256,bool,"
    "uint8,bytes32,bytes32)"
)
EVENTS = {
    topic("Mint(address,uint256,uint256)"): "Mint",
    topic("Burn(address,uint256,uint256,address)"): "Burn",
    topic("Swap(address,uint256,uint256,uint256,uint256,address)"): "Swap",
    topic("Sync(uint112,uint112)"): "Sync",
    topic("Transfer(address,address,uint256)"): "Transfer",
    topic("Approval(address,address,uint256)"): "Approval",
}


@dataclass(slots=True)
class Others:
    """What anyone may do with a pair, by calls of its own or of the router."""

    machine: evm.Evm
    pair: Pair
    accounts: Accounts
    draw: random.Random

    def sent(self, sender: Address, to: Address, what: str, *rest: int | str) -> tuple[Log, ...]:
        ok, returned, logs = self.machine.call(sender, to, call_data(what, *rest))
        assert ok, f"{what}: {Reverted(returned).reason}"
        return tuple(log for log in logs if log.address == self.pair.address)

    def number(self, to: Address, signature: str, *rest: int | str) -> int:
        answer = self.machine.static(to, call_data(signature, *rest))
        return int.from_bytes(answer.data[:32], "big")

    def shares(self, owner: Address) -> int:
        return self.number(self.pair.address, "balanceOf(address)", owner)

    def read(self) -> PairState:
        markets: tuple[Market[State], ...] = (self.pair,)
        return read_states(self.machine, ADAPTERS, markets, self.accounts)[self.pair]

    # what they do

    def give(self, sender: Address) -> tuple[Log, ...]:
        for token in self.pair.tokens:
            amount = self.draw.randrange(token.unit)
            to = ("transfer(address,uint256)", self.pair.address, amount)
            self.sent(sender, token.address, *to)
        return ()

    def mint(self, sender: Address) -> tuple[Log, ...]:
        self.give(sender)
        to = self.draw.choice([*self.accounts.owners, ZERO_ADDRESS, self.pair.address])
        return self.sent(sender, self.pair.address, "mint(address)", to)

    def burn(self, sender: Address) -> tuple[Log, ...]:
        part = self.shares(sender) // 10
        given = self.sent(
            sender, self.pair.address, "transfer(address,uint256)", self.pair.address, part
        )
        return (*given, *self.sent(sender, self.pair.address, "burn(address)", sender))

    def swap(self, sender: Address) -> tuple[Log, ...]:
        self.give(sender)
        both = (self.draw.randrange(1, 1000), self.draw.randrange(1, 1000), sender, 128, 0)
        return self.sent(sender, self.pair.address, "swap(uint256,uint256,address,bytes)", *both)

    def skim(self, sender: Address) -> tuple[Log, ...]:
        self.give(sender)
        return self.sent(sender, self.pair.address, "skim(address)", sender)

    def sync(self, sender: Address) -> tuple[Log, ...]:
        self.give(sender)
        return self.sent(sender, self.pair.address, "sync()")

    def remove(self, sender: Address) -> tuple[Log, ...]:
        raw = self.shares(sender) // 10
        allowed = self.draw.choice([UINT256_MAX, raw, raw + 5])
        allow = ("approve(address,uint256)", self.pair.router, allowed)
        logs = self.sent(sender, self.pair.address, *allow)
        tokens = [token.address for token in self.pair.tokens]
        what = "removeLiquidity(address,address,uint256,uint256,uint256,address,uint256)"
        rest = (raw, 0, 0, self.pair.address, FOREVER)
        return (*logs, *self.sent(sender, self.pair.router, what, *tokens, *rest))

    def remove_with_permit(self, sender: Address) -> tuple[Log, ...]:
        raw = self.shares(PLACE) // 10
        nonce = self.number(self.pair.address, "nonces(address)", PLACE)
        is_boundless = self.draw.random() < 0.5
        value = UINT256_MAX if is_boundless else raw
        signed = OWNER.sign_typed_data(*_permit(self.pair, value, nonce))
        tokens = [token.address for token in self.pair.tokens]
        rest = (raw, 0, 0, PLACE, FOREVER, is_boundless, signed.v, signed.r, signed.s)
        return self.sent(PLACE, self.pair.router, PERMIT, *tokens, *rest)

    def hand_over(self, sender: Address) -> tuple[Log, ...]:
        """A third takes shares by an allowance that is not tracked."""
        third = self.accounts.owners[0]
        allow = ("approve(address,uint256)", third, UINT256_MAX)
        logs = self.sent(sender, self.pair.address, *allow)
        to = self.draw.choice([*self.accounts.owners, ZERO_ADDRESS, self.pair.address])
        taken = ("transferFrom(address,address,uint256)", sender, to, self.shares(sender) // 20)
        return (*logs, *self.sent(third, self.pair.address, *taken))


def _permit(pair: Pair, value: int, nonce: int) -> tuple[dict[str, object], ...]:
    """Domain, types and message of EIP-712. Source: UniswapV2ERC20.sol."""
    fields = {"owner": "address", "spender": "address", "value": "uint256"}
    fields |= {"nonce": "uint256", "deadline": "uint256"}
    domain: dict[str, object] = {"name": "Uniswap V2", "version": "1"}
    domain |= {"chainId": pair.chain, "verifyingContract": pair.address}
    kinds: dict[str, object] = {
        "Permit": [{"name": name, "type": kind} for name, kind in fields.items()]
    }
    values = (PLACE, pair.router, value, nonce, FOREVER)
    return domain, kinds, dict(zip(fields, values, strict=True))


@pytest.fixture(scope="module")
def others() -> Others:
    with local_world(WORLD) as world:
        owners = (*world.deployment.agents[:2], PLACE)
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world")
        pair = book.markets["uniswap_v2:WETH/USDC"]
        assert isinstance(pair, Pair)
        found = Others(evm.load(world.rpc), pair, tracked(owners, (pair,)), random.Random(3))
        provider, deployer = world.deployment.liquidity_provider, world.deployment.deployer
    found.sent(deployer, pair.factory, "setFeeTo(address)", owners[1])
    for owner in owners:
        part = ("transfer(address,uint256)", owner, found.shares(provider) // 5)
        found.sent(provider, pair.address, *part)
    return found


def test_observe__whatever_others_do__equals_a_reading_anew(others: Others) -> None:
    kinds: tuple[Callable[[Address], tuple[Log, ...]], ...] = (
        *(others.give, others.mint, others.burn, others.swap, others.skim, others.sync),
        *(others.remove, others.remove_with_permit, others.hand_over),
    )
    state, seen = others.read(), Counter[str]()
    for _ in range(30):
        for does in others.draw.sample(kinds, len(kinds)):
            others.machine.set_time(others.machine.time + others.draw.randrange(40))
            logs = does(others.draw.choice(others.accounts.owners))
            state = reduce(ADAPTER.observe, logs, ADAPTER.accrue(state, others.read().timestamp))
            assert state == others.read(), does.__name__
            seen.update(EVENTS[log.topics[0]] for log in logs)
    assert set(seen) == set(EVENTS.values())
    assert min(seen.values()) >= 30
