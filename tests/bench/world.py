"""The local world of the benchmarks: 50 pools, and others who trade in every block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from tests.chain.chain_stage import Stage
from trimtab.core.actions import Swap
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.lab.world import (
    DEFAULT_WORLD,
    LocalWorld,
    PoolSpec,
    TokenSpec,
    Transaction,
    WorldSpec,
    feed_contract,
    laddered,
    token_contract,
    transaction,
)
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.protocols.uniswap_v3.encode import exact_input_single

POOLS = 50
_FEES = (500, 3_000, 10_000)
_DOLLAR = 10**8
_ENDLESS = 2**128
_MORE_TOKENS = (
    TokenSpec("LINK", 18, 15 * _DOLLAR, heartbeat=3_600),
    TokenSpec("UNI", 18, 8 * _DOLLAR, heartbeat=3_600),
    TokenSpec("AAVE", 18, 100 * _DOLLAR, heartbeat=3_600),
    TokenSpec("DAI", 18, 1 * _DOLLAR, heartbeat=3_600),
)


def world_of(pools: int) -> WorldSpec:
    """Seven tokens and so many pools of their pairs, those against USDC first."""
    tokens = (*DEFAULT_WORLD.tokens, *_MORE_TOKENS)
    pairs = sorted(combinations([t.symbol for t in tokens], 2), key=lambda pair: "USDC" not in pair)
    made = (
        PoolSpec(base, quote, fee, laddered(1_000_000, 6_000, 1_200))
        for (quote, base), fee in product(pairs, _FEES)
    )
    return replace(DEFAULT_WORLD, tokens=tokens, pools=tuple(islice(made, pools)))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Others: every block they swap in some pools, there and back, and post a price."""

    stage: Stage
    pools: tuple[Pool, ...]
    trader: Address

    @classmethod
    def gathered(cls, stage: Stage) -> Crowd:
        """The crowd with its funds, and the router's leave to take them."""
        world, trader = stage.world, stage.world.deployment.agents[1]
        router = world.deployment.uniswap_v3.router
        symbols = [token.symbol for token in world.spec.tokens]
        leaves = (
            token_contract(stage.token(symbol).address).call("approve", router, 2**256 - 1)
            for symbol in symbols
        )
        world.mine(
            *(world.funding(trader, symbol, _ENDLESS) for symbol in symbols),
            *(transaction(trader, leave) for leave in leaves),
        )
        return cls(stage, tuple(m for m in stage.markets if isinstance(m, Pool)), trader)

    def mine(self, turn: int, swaps: int) -> None:
        """The next block, with so many swaps of a thousand dollars and one feed's price."""
        world = self.stage.world
        at = Timestamp(world.head.timestamp + world.spec.seconds_per_block)
        receipts = world.mine(_posted(world, turn), *self._swaps(turn, swaps, at))
        assert all(receipt.ok for receipt in receipts), [receipt.error for receipt in receipts]

    def _swaps(self, turn: int, swaps: int, at: Timestamp) -> Iterator[Transaction]:
        for each in range(swaps):
            # Twice in a row the same pool, the second time the other way.
            pool = self.pools[(turn // 2 * swaps + each) % len(self.pools)]
            token_in, token_out = pool.token0, pool.token1
            if turn % 2:
                token_in, token_out = token_out, token_in
            price = self.stage.world.spec.token(token_in.symbol).price
            amount = 1_000 * _DOLLAR * 10**token_in.decimals // price
            action = Swap(
                *(self.trader, pool.id, token_in, token_out, amount, 0),
                deadline=at,
                recipient=self.trader,
            )
            yield transaction(self.trader, exact_input_single(pool, action))


def _posted(world: LocalWorld, turn: int) -> Transaction:
    """One token's price once more, so that no feed is ever older than it may be."""
    token = world.spec.tokens[turn % len(world.spec.tokens)]
    feed = feed_contract(world.deployment.feeds[token.symbol].address)
    return transaction(world.deployment.deployer, feed.call("updateAnswer", token.price))
