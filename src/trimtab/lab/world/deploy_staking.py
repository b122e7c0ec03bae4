"""Staking: our own stand-in for staking contracts, its feed, and a first stake with a queue."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deploy_tokens import feed_artifact, mint
from trimtab.lab.world.deployment import FeedEntry, TokenEntry
from trimtab.lab.world.spec import PRICE_DECIMALS, WorldSpec
from trimtab.lab.world.transactions import Deployer
from trimtab.lab.world.vault_entries import StakeEntry

_REWARD_PARTS = 1_000
"""The first report adds the most that a report may: a thousandth."""
_LEAVING_PARTS = 20
"""The part of the first shares that leaves at once, so that there is a queue."""


def staking_pool_artifact() -> Artifact:
    """StakingPool, compiled from its source."""
    return compiled(contracts_directory(), "StakingPool.sol", "StakingPool")


def staking_pool_contract(address: Address) -> Contract:
    """The staking pool at an address."""
    return Contract(address, staking_pool_artifact().abi)


def deploy_staking(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    accounts: tuple[Address, ...],
) -> dict[str, StakeEntry]:
    """Queue the staking pools, by the symbols of their shares.

    The first shares belong to the first account, agents are the others. The deployer is the
    oracle. A part of the first stake waits in the
    queue, for the deployer, who keeps the shares that others begin with.
    """
    owner, *agents = accounts
    entries = {}
    for each in spec.stakes:
        operator = owner if each.operator_agent is None else agents[each.operator_agent]
        asset = tokens[each.asset]
        roles = (deployer.account, operator)
        pool = deployer.create(
            staking_pool_artifact(), asset.address, each.symbol, each.symbol, *roles
        )
        feed = deployer.create(feed_artifact(), PRICE_DECIMALS, each.price)
        if each.staked:
            raw, kept = (part * 10**asset.decimals for part in (each.staked, each.kept))
            leaving = raw // _LEAVING_PARTS
            mint(deployer, {asset.address: raw + kept}, pool.address)
            deployer.invoke(pool, "stake", raw + kept)
            deployer.keep(pool.address)
            deployer.invoke(pool, "report", (raw + kept) // _REWARD_PARTS)
            deployer.invoke(pool, "request", leaving)
            deployer.invoke(pool, "transfer", owner, raw - leaving)
        entries[each.symbol] = StakeEntry(
            address=pool.address,
            asset=asset.address,
            oracle=deployer.account,
            operator=operator,
            feed=feed.address,
            feed_decimals=PRICE_DECIMALS,
            heartbeat=each.heartbeat,
        )
    return entries


def share_tokens(
    spec: WorldSpec, entries: Mapping[str, StakeEntry]
) -> tuple[dict[str, TokenEntry], dict[str, FeedEntry]]:
    """The pools' shares as tokens, and the feeds of what they trade at, by symbol."""
    tokens = {
        symbol: TokenEntry(each.address, spec.token(symbol).decimals)
        for symbol, each in entries.items()
    }
    feeds = {
        symbol: FeedEntry(each.feed, each.feed_decimals, each.heartbeat)
        for symbol, each in entries.items()
    }
    return tokens, feeds
