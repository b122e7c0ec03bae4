"""Uniswap V3: factory, periphery, and pools with liquidity around the feeds' prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from trimtab.core.token import Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract, Query
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import PoolEntry, TokenEntry, UniswapEntry
from trimtab.lab.world.spec import (
    PRICE_DECIMALS,
    TICK_SPACING,
    PoolSpec,
    PositionSpec,
    TokenSpec,
    WorldSpec,
)
from trimtab.lab.world.transactions import Deployer

_CORE = "@uniswap/v3-core/artifacts/contracts/"
_PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts/"
_WETH9 = "@aave/core-v3/artifacts/contracts/dependencies/weth/WETH9.sol/WETH9.json"
_NATIVE_LABEL = b"ETH".ljust(32, b"\0")

_MAX_TICK = 887_272
_TICK_BASE = Decimal("1.0001")
_DIGITS = 60
_FOREVER = 2**40
"""A deadline that never passes."""


def pool_contract(address: Address) -> Contract:
    """The pool at an address."""
    return Contract.at(address, _CORE + "UniswapV3Pool.sol/UniswapV3Pool.json")


def factory_contract(address: Address) -> Contract:
    """The factory at an address."""
    return Contract.at(address, _CORE + "UniswapV3Factory.sol/UniswapV3Factory.json")


def position_manager_contract(address: Address) -> Contract:
    """The owner of liquidity positions, at an address."""
    return Contract.at(address, _periphery("NonfungiblePositionManager"))


def router_contract(address: Address) -> Contract:
    """The swap router at an address."""
    return Contract.at(address, _periphery("SwapRouter"))


def quoter_contract(address: Address) -> Contract:
    """The quoter, version 2, at an address."""
    return Contract.at(address, _periphery("lens/QuoterV2"))


def tick_lens_contract(address: Address) -> Contract:
    """The reader of initialised ticks, at an address."""
    return Contract.at(address, _periphery("lens/TickLens"))


# --------------------------------------------------------------------------------- deploying


@dataclass(frozen=True, slots=True)
class Exchange:
    """The exchange with its pools queued; their addresses are the factory's to say."""

    factory: Contract
    position_manager: Contract
    router: Contract
    quoter: Contract
    tick_lens: Contract
    wrapped_native: Contract
    pools: tuple[PoolSpec, ...]
    tokens: Mapping[str, TokenEntry]

    @property
    def queries(self) -> list[Query]:
        """What to ask when the deployment is mined: where each pool is."""
        return [
            Query(self.factory, "getPool", (*_ordered(pool, self.tokens), pool.fee))
            for pool in self.pools
        ]

    def entry(self, addresses: list[Address], minter: Address) -> UniswapEntry:
        """The address book's entry, given the answers to `queries`."""
        return UniswapEntry(
            self.factory.address,
            self.position_manager.address,
            self.router.address,
            self.quoter.address,
            self.tick_lens.address,
            self.wrapped_native.address,
            {
                pool.name: PoolEntry(
                    address, *_ordered(pool, self.tokens), pool.fee, TICK_SPACING[pool.fee]
                )
                for pool, address in zip(self.pools, addresses, strict=True)
            },
            minter,
        )


def deploy_uniswap_v3(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    liquidity_provider: Address,
) -> Exchange:
    """The exchange and its pools; their first positions belong to `liquidity_provider`."""
    factory = deployer.create(artifact(_CORE + "UniswapV3Factory.sol/UniswapV3Factory.json"))
    native = deployer.create(artifact(_WETH9))
    images = deployer.create(artifact(_periphery("libraries/NFTDescriptor")))
    descriptor = deployer.create(
        artifact(_periphery("NonfungibleTokenPositionDescriptor")),
        native.address,
        _NATIVE_LABEL,
        libraries={"NFTDescriptor": images.address},
    )
    both = factory.address, native.address
    exchange = Exchange(
        factory=factory,
        position_manager=deployer.create(
            artifact(_periphery("NonfungiblePositionManager")), *both, descriptor.address
        ),
        router=deployer.create(artifact(_periphery("SwapRouter")), *both),
        quoter=deployer.create(artifact(_periphery("lens/QuoterV2")), *both),
        tick_lens=deployer.create(artifact(_periphery("lens/TickLens"))),
        wrapped_native=native,
        pools=spec.pools,
        tokens=tokens,
    )
    if any(pool.fee == 100 for pool in spec.pools):
        deployer.invoke(factory, "enableFeeAmount", 100, TICK_SPACING[100])
    for pool in spec.pools:
        _open_pool(deployer, exchange, pool, spec, liquidity_provider)
    return exchange


def _open_pool(
    deployer: Deployer, exchange: Exchange, pool: PoolSpec, spec: WorldSpec, owner: Address
) -> None:
    manager, pair = exchange.position_manager, _ordered(pool, exchange.tokens)
    by_address = {exchange.tokens[s].address: spec.token(s) for s in (pool.base, pool.quote)}
    token0, token1 = by_address[pair[0]], by_address[pair[1]]
    key = (*pair, pool.fee)
    start = sqrt_price_x96(token0, token1)
    deployer.invoke(manager, "createAndInitializePoolIfNecessary", *key, start)
    ranges = [_range(start, position, TICK_SPACING[pool.fee]) for position in pool.positions]
    amounts = [
        _amounts(start, ticks, position.worth, token0, token1)
        for ticks, position in zip(ranges, pool.positions, strict=True)
    ]
    totals = {pair[side]: sum(amount[side] for amount in amounts) for side in (0, 1)}
    mint(deployer, totals, manager.address)
    for ticks, desired in zip(ranges, amounts, strict=True):
        deployer.invoke(manager, "mint", (*key, *ticks, *desired, 0, 0, owner, _FOREVER))


def _ordered(pool: PoolSpec, tokens: Mapping[str, TokenEntry]) -> tuple[Address, Address]:
    pair = tokens[pool.base].address, tokens[pool.quote].address
    token0, token1 = sorted(pair, key=lambda address: int(address, 16))
    return token0, token1


def _periphery(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return f"{_PERIPHERY}{path}.sol/{name}.json"


# ------------------------------------------------------------------------ prices and amounts
# Decimal arithmetic, since floating powers differ between machines and with them the chain.


def sqrt_price_x96(token0: TokenSpec, token1: TokenSpec) -> int:
    """The root of the price of a base unit of token0 in base units of token1, times 2**96.

    Exact, rounded down (Uniswap V3 whitepaper, section 6.1).
    """
    numerator = token0.price * 10**token1.decimals
    denominator = token1.price * 10**token0.decimals
    return math.isqrt((numerator << 192) // denominator)


def position_amounts(
    token0: TokenSpec, token1: TokenSpec, position: PositionSpec, spacing: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """A position's ticks, and what it holds of each token where their pool opens."""
    start = sqrt_price_x96(token0, token1)
    ticks = _range(start, position, spacing)
    return ticks, _amounts(start, ticks, position.worth, token0, token1)


def _range(start: int, position: PositionSpec, spacing: int) -> tuple[int, int]:
    """The ticks between which a position lies, multiples of the spacing."""
    end = _MAX_TICK // spacing * spacing
    if position.half_width is None:
        return -end, end
    with localcontext(prec=_DIGITS):
        tick = 2 * (Decimal(start) / (1 << 96)).ln() / _TICK_BASE.ln()
        lower = math.floor((tick - position.half_width) / spacing) * spacing
        upper = math.ceil((tick + position.half_width) / spacing) * spacing
    return max(lower, -end), min(upper, end)


def _amounts(
    start: int, ticks: tuple[int, int], worth: int, token0: TokenSpec, token1: TokenSpec
) -> tuple[int, int]:
    """What a position of this worth holds of each token at the starting price.

    Whitepaper, equations 6.29 and 6.30, for a price inside the range.
    """
    with localcontext(prec=_DIGITS):
        price = Decimal(start) / (1 << 96)
        lower, upper = (_TICK_BASE ** (Decimal(tick) / 2) for tick in ticks)
        of0, of1 = 1 / price - 1 / upper, price - lower
        dollars = of0 * _dollars(token0) + of1 * _dollars(token1)
        liquidity = worth / dollars
        return math.floor(liquidity * of0), math.floor(liquidity * of1)


def _dollars(token: TokenSpec) -> Decimal:
    """Dollars of one base unit."""
    return Decimal(token.price).scaleb(-PRICE_DECIMALS - token.decimals)
