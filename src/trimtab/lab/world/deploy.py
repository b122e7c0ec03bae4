"""A whole world of real contracts, deployed in two blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, address
from trimtab.lab.world.contracts import read_all
from trimtab.lab.world.deploy_aave_v3 import deploy_aave_v3, first_borrowings, supply_reserves
from trimtab.lab.world.deploy_aave_v36 import deploy_aave_v36
from trimtab.lab.world.deploy_balancer import deploy_balancer
from trimtab.lab.world.deploy_curve import deploy_curve
from trimtab.lab.world.deploy_flash_loop import deploy_flash_loop
from trimtab.lab.world.deploy_morpho import deploy_morpho
from trimtab.lab.world.deploy_perpetual import deploy_perpetual, open_perpetual
from trimtab.lab.world.deploy_plan_check import deploy_plan_check
from trimtab.lab.world.deploy_range_minter import deploy_range_minter
from trimtab.lab.world.deploy_safe import NewSafe, deploy_safe, new_safe
from trimtab.lab.world.deploy_staking import deploy_staking, share_tokens
from trimtab.lab.world.deploy_tokens import (
    MULTICALL3,
    deploy_feeds,
    deploy_tokens,
    minted,
    place_multicall,
)
from trimtab.lab.world.deploy_uniswap_v2 import deploy_uniswap_v2
from trimtab.lab.world.deploy_uniswap_v3 import deploy_uniswap_v3
from trimtab.lab.world.deploy_vaults import deploy_vaults
from trimtab.lab.world.deployment import Deployment
from trimtab.lab.world.node import Anvil
from trimtab.lab.world.rpc import Rpc
from trimtab.lab.world.spec import DEFAULT_WORLD, WorldSpec
from trimtab.lab.world.transactions import (
    Deployer,
    Receipt,
    Transaction,
    mine_block,
    transaction,
)

_SET_UP_ACCOUNTS = 2


@dataclass(frozen=True, slots=True)
class LocalWorld:
    """A node with everything on it, and where everything is."""

    node: Anvil
    spec: WorldSpec
    deployment: Deployment

    @property
    def rpc(self) -> Rpc:
        """The connection to the node."""
        return self.node.rpc

    @property
    def head(self) -> Head:
        """The latest block."""
        return head(self.rpc)

    def mine(self, *transactions: Transaction, base_fee: int | None = None) -> tuple[Receipt, ...]:
        """The receipts of the next block, which holds these transactions."""
        timestamp = Timestamp(self.head.timestamp + self.spec.seconds_per_block)
        return mine_block(self.rpc, transactions, timestamp, base_fee)

    def funding(self, account: Address, symbol: str, raw: int) -> Transaction:
        """What gives an account new tokens, in base units; it takes effect when mined."""
        call = minted(self.deployment.token(symbol).address, account, raw)
        return transaction(self.deployment.deployer, call, f"{raw} {symbol} for {account}")

    def give_native(self, account: Address, wei: int) -> None:
        """Set an account's native balance, between blocks and without a transaction."""
        self.rpc("anvil_setBalance", account, hex(wei))

    def new_safe(self, owner: Address, salt: int = 0) -> NewSafe:
        """A Safe of one owner, to be made by `creation`."""
        return new_safe(self.deployment.safe, owner, salt)


@contextmanager
def local_world(spec: WorldSpec = DEFAULT_WORLD) -> Iterator[LocalWorld]:
    """A new world of this specification, which ends with the `with` block."""
    with Anvil(spec.node) as node:
        yield LocalWorld(node, spec, deploy_world(node.rpc, spec))


def head(rpc: Rpc) -> Head:
    """The latest block of the node's chain."""
    chain, block = rpc.batch([("eth_chainId", ()), ("eth_getBlockByNumber", ("latest", False))])
    found = msgspec.convert(block, _Block)
    number, timestamp = int(found.number, 16), int(found.timestamp, 16)
    return Head(int(str(chain), 16), number, found.hash, Timestamp(timestamp))


def deploy_world(rpc: Rpc, spec: WorldSpec) -> Deployment:
    """Everything that the specification names, deployed on an empty chain.

    The first account deploys, the second provides liquidity, the others are left to agents.
    The first block holds every contract and the liquidity, the second the first debts.
    Raises ConfigError, with the reason, if a contract refuses the specification.
    """
    deployer_account, liquidity_provider, *agents = _accounts(rpc)
    place_multicall(rpc)
    deployer = Deployer(rpc, deployer_account)
    tokens = deploy_tokens(deployer, spec.tokens)
    feeds = deploy_feeds(deployer, spec.tokens)
    safe = deploy_safe(deployer)
    accounts = (liquidity_provider, *agents)
    stakes = deploy_staking(deployer, spec, tokens, accounts) if spec.stakes else None
    shares, share_feeds = share_tokens(spec, stakes or {})
    traded, priced = tokens | shares, feeds | share_feeds
    exchange = deploy_uniswap_v3(deployer, spec, traded, liquidity_provider)
    lending = deploy_aave_v3(deployer, spec.reserves, traded, priced, spec.lending)
    supply_reserves(deployer, lending, liquidity_provider)
    plan_check = deploy_plan_check(deployer)
    minter = deploy_range_minter(deployer, exchange.factory.address)
    native = exchange.wrapped_native.address
    pairs = (
        deploy_uniswap_v2(deployer, spec, tokens, native, liquidity_provider)
        if spec.pairs
        else None
    )
    curve = deploy_curve(deployer, spec, tokens, liquidity_provider) if spec.stable_pools else None
    balancer = (
        deploy_balancer(deployer, spec, tokens, native, liquidity_provider)
        if spec.weighted_pools
        else None
    )
    morpho = deploy_morpho(deployer, spec, spec.morpho, traded, accounts) if spec.morpho else None
    lending36 = (
        deploy_aave_v36(deployer, spec.lending36, traded, priced, liquidity_provider)
        if spec.lending36
        else None
    )
    vaults = deploy_vaults(deployer, spec, tokens, liquidity_provider) if spec.vaults else None
    perpetual = (
        deploy_perpetual(deployer, spec, tokens, feeds, exchange.factory)
        if spec.perpetual
        else None
    )
    flash_loop = deploy_flash_loop(deployer, exchange.factory.address) if spec.flash_loop else None
    deployer.mine(Timestamp(spec.genesis + spec.seconds_per_block))
    borrowings = first_borrowings(lending, liquidity_provider)
    borrowings += lending36.first_borrowings(liquidity_provider) if lending36 else []
    _borrow(rpc, borrowings, spec)
    if perpetual is not None:
        open_perpetual(rpc, spec, perpetual, tokens, priced, liquidity_provider)
    at = head(rpc)
    answers = read_all(rpc, [*exchange.queries, *lending.queries])
    pools, reserves = answers[: len(spec.pools)], answers[len(spec.pools) :]
    return Deployment(
        chain=at.chain,
        block=at.number,
        block_hash=at.hash,
        timestamp=at.timestamp,
        deployer=deployer_account,
        liquidity_provider=liquidity_provider,
        agents=tuple(agents),
        multicall=MULTICALL3,
        tokens=tokens,
        feeds=feeds,
        aave_v3=lending.entry(reserves),
        uniswap_v3=exchange.entry(pools, minter),
        safe=safe,
        plan_check=plan_check,
        flash_loop=flash_loop,
        uniswap_v2=pairs,
        curve=curve,
        balancer=balancer,
        perpetual=perpetual,
        erc4626=vaults,
        staking=stakes,
        morpho=morpho,
        aave_v36=lending36.entry if lending36 else None,
    )


def _accounts(rpc: Rpc) -> list[Address]:
    accounts = msgspec.convert(rpc("eth_accounts"), list[str])
    if len(accounts) < _SET_UP_ACCOUNTS:
        raise ConfigError(
            f"the node has {len(accounts)} accounts, a world needs {_SET_UP_ACCOUNTS} or more"
        )
    return [address(account) for account in accounts]


def _borrow(rpc: Rpc, borrowings: list[Transaction], spec: WorldSpec) -> None:
    timestamp = Timestamp(spec.genesis + 2 * spec.seconds_per_block)
    for sent, receipt in zip(borrowings, mine_block(rpc, borrowings, timestamp), strict=True):
        if not receipt.ok:
            raise ConfigError(f"{sent.label} failed: {receipt.error}")


class _Block(msgspec.Struct):
    number: str
    hash: str
    timestamp: str
