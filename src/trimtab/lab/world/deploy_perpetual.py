"""A perpetual exchange (Perpetual Protocol V2, "curie") on a pool of the world's own V3 factory.

The contracts are used without the proxies that the protocol puts before them. The pool trades
two virtual tokens, which nobody but the clearing house and the pool can move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, artifact
from trimtab.lab.world.contracts import Contract, created2_address
from trimtab.lab.world.deploy_tokens import feed_contract, minted, token_contract
from trimtab.lab.world.deploy_uniswap_v3 import pool_contract, position_amounts, sqrt_price_x96
from trimtab.lab.world.deployment import FeedEntry, PerpetualEntry, TokenEntry
from trimtab.lab.world.rpc import Rpc
from trimtab.lab.world.spec import TICK_SPACING, PositionSpec, TokenSpec, WorldSpec
from trimtab.lab.world.spec_perpetual import PerpetualSpec
from trimtab.lab.world.transactions import Deployer, Transaction, mine_block, transaction

_CURIE = "@perp/curie-contract/artifacts/contracts/"
_ORACLE = "@perp/perp-oracle-contract/artifacts/contracts/"
_POOL = "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json"
_FEED_TIMEOUT, _FEED_INTERVAL = 40 * 60 * 10**6, 15 * 60
"""After what time a feed is given up (never, in effect), and over which it keeps a mean."""
_COLLATERAL_LIMITS = (5, 750_000, 500_000, 5_000, 30_000, 10_000 * 10**6, 500 * 10**6)
_CAP = 2**255
_WAD_DECIMALS = 18
_FOREVER = 2**40
HISTORY = 30 * 60
"""Seconds of the pool's past that a margin is measured by, so that nobody adds liquidity before."""


def curie_artifact(name: str) -> Artifact:
    """A contract of the exchange."""
    return artifact(f"{_CURIE}{name}.sol/{name}.json")


def oracle_artifact(name: str) -> Artifact:
    """A contract of the exchange's own price feeds."""
    return artifact(f"{_ORACLE}{name}.sol/{name}.json")


def clearing_house_contract(address: Address) -> Contract:
    """The clearing house at an address."""
    return Contract(address, curie_artifact("ClearingHouse").abi)


@dataclass(frozen=True, slots=True)
class _House:
    """The exchange's contracts, queued."""

    config: Contract
    registry: Contract
    book: Contract
    insurance: Contract
    exchange: Contract
    balances: Contract
    vault: Contract
    house: Contract
    quote: Contract


def deploy_perpetual(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
    factory: Contract,
) -> PerpetualEntry:
    """The exchange and its one market, without liquidity.

    Raises ConfigError where the specification has none.
    """
    if spec.perpetual is None:
        raise ConfigError("the world has no perpetual: name one in its specification")
    market = spec.perpetual
    feed = _oracle_feed(deployer, feeds[market.feed])
    dispatcher = deployer.create(oracle_artifact("PriceFeedDispatcher"), feed.address)
    house = _deploy_house(deployer, tokens[market.settlement].address, factory)
    base = _deploy_base(deployer, market, house.quote, dispatcher)
    pool = _deploy_pool(deployer, spec, market, factory, base, house)
    _list(deployer, market, base, house)
    return PerpetualEntry(
        name=market.name,
        feed=market.feed,
        settlement=market.settlement,
        clearing_house=house.house.address,
        vault=house.vault.address,
        exchange=house.exchange.address,
        order_book=house.book.address,
        account_balance=house.balances.address,
        config=house.config.address,
        market_registry=house.registry.address,
        insurance_fund=house.insurance.address,
        base_token=base.address,
        quote_token=house.quote.address,
        price_feed=dispatcher.address,
        index=feed.address,
        pool=pool.address,
        pool_fee=market.pool_fee,
        tick_spacing=TICK_SPACING[market.pool_fee],
    )


def _oracle_feed(deployer: Deployer, feed: FeedEntry) -> Contract:
    """The exchange's own cache of a feed's prices."""
    built = oracle_artifact("ChainlinkPriceFeedV3")
    return deployer.create(built, feed.address, _FEED_TIMEOUT, _FEED_INTERVAL)


def _deploy_house(deployer: Deployer, settlement: Address, factory: Contract) -> _House:
    def created(name: str, *arguments: object) -> Contract:
        contract = deployer.create(curie_artifact(name))
        deployer.invoke(contract, "initialize", *arguments)
        return contract

    quote = created("QuoteToken", "vUSD", "vUSD")
    config = created("ClearingHouseConfig")
    registry = created("MarketRegistry", factory.address, quote.address)
    book = created("OrderBook", registry.address)
    insurance = created("InsuranceFund", settlement)
    exchange = created("Exchange", registry.address, book.address, config.address)
    deployer.invoke(book, "setExchange", exchange.address)
    balances = created("AccountBalance", config.address, book.address)
    deployer.invoke(exchange, "setAccountBalance", balances.address)
    of_vault = (insurance, config, balances, exchange)
    vault = created("Vault", *(each.address for each in of_vault))
    deployer.invoke(insurance, "setVault", vault.address)
    deployer.invoke(balances, "setVault", vault.address)
    of_house = (config, vault, quote, factory, exchange, balances, insurance)
    house = created("ClearingHouse", *(each.address for each in of_house))
    collateral = created("CollateralManager", config.address, vault.address, *_COLLATERAL_LIMITS)
    deployer.invoke(vault, "setCollateralManager", collateral.address)
    for contract in (vault, registry, book, exchange, balances):
        deployer.invoke(contract, "setClearingHouse", house.address)
    delegate = created("DelegateApproval")
    deployer.invoke(house, "setDelegateApproval", delegate.address)
    deployer.invoke(config, "setSettlementTokenBalanceCap", _CAP)
    return _House(config, registry, book, insurance, exchange, balances, vault, house, quote)


def _deploy_base(
    deployer: Deployer, market: PerpetualSpec, quote: Contract, dispatcher: Contract
) -> Contract:
    """The base token, made anew until its address is below the quote token's."""
    base = deployer.create(curie_artifact("BaseToken"))
    while int(base.address, 16) > int(quote.address, 16):
        base = deployer.create(curie_artifact("BaseToken"))
    symbol = f"v{market.name}"
    deployer.invoke(base, "initialize", symbol, symbol, dispatcher.address)
    return base


def _deploy_pool(
    deployer: Deployer,
    spec: WorldSpec,
    market: PerpetualSpec,
    factory: Contract,
    base: Contract,
    house: _House,
) -> Contract:
    key = (base.address, house.quote.address, market.pool_fee)
    deployer.invoke(factory, "createPool", *key)
    salt = keccak(encode(["address", "address", "uint24"], key))
    code = artifact(_POOL).creation_code({})
    pool = pool_contract(created2_address(factory.address, salt, code))
    deployer.invoke(pool, "initialize", sqrt_price_x96(*_virtual(spec, market)))
    deployer.invoke(pool, "increaseObservationCardinalityNext", market.observations)
    for token in (house.quote, base):
        deployer.invoke(token, "mintMaximumTo", house.house.address)
        deployer.invoke(token, "addWhitelist", house.house.address)
        deployer.invoke(token, "addWhitelist", pool.address)
    return pool


def _list(deployer: Deployer, market: PerpetualSpec, base: Contract, house: _House) -> None:
    registry = house.registry
    deployer.invoke(registry, "addPool", base.address, market.pool_fee)
    deployer.invoke(registry, "setFeeRatio", base.address, market.fee)
    deployer.invoke(registry, "setInsuranceFundFeeRatio", base.address, market.insurance_share)
    ticks = (base.address, market.most_ticks)
    deployer.invoke(house.exchange, "setMaxTickCrossedWithinBlock", *ticks)


def _virtual(spec: WorldSpec, market: PerpetualSpec) -> tuple[TokenSpec, TokenSpec]:
    """The tokens that the pool trades, at the prices of those that they stand for."""
    followed, paid = spec.token(market.feed), spec.token(market.settlement)
    return (
        TokenSpec(f"v{market.name}", _WAD_DECIMALS, followed.price, followed.heartbeat),
        TokenSpec("vUSD", _WAD_DECIMALS, paid.price, paid.heartbeat),
    )


# --------------------------------------------------------------------------------- liquidity


def open_perpetual(
    rpc: Rpc,
    spec: WorldSpec,
    entry: PerpetualEntry,
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
    provider: Address,
) -> None:
    """Mine the block, once there is enough of a past, in which the market gets its liquidity.

    Every feed is answered anew in it, so that prices are as fresh as in any other world.
    Raises ConfigError, with the reason, if a contract refuses.
    """
    assert spec.perpetual is not None
    sent = [
        transaction(provider, feed_contract(feed.address).call("updateAnswer", price), "a price")
        for symbol, feed in feeds.items()
        for price in (spec.token(symbol).price,)
    ]
    sent += _funding(spec.perpetual, entry, tokens, provider)
    sent += _ranges(spec, spec.perpetual, entry, provider)
    timestamp = Timestamp(spec.genesis + 3 * spec.seconds_per_block + HISTORY)
    for each, receipt in zip(sent, mine_block(rpc, sent, timestamp), strict=True):
        if not receipt.ok:
            raise ConfigError(f"{each.label} failed: {receipt.error}")


def _funding(
    market: PerpetualSpec,
    entry: PerpetualEntry,
    tokens: Mapping[str, TokenEntry],
    provider: Address,
) -> list[Transaction]:
    """The provider's margin, and what the insurance fund begins with."""
    settlement = tokens[market.settlement]
    unit = 10**settlement.decimals
    margin, insurance = market.margin * unit, market.insurance * unit
    vault = Contract(entry.vault, curie_artifact("Vault").abi)
    token = token_contract(settlement.address)
    calls = [
        minted(settlement.address, provider, margin + insurance),
        token.call("approve", vault.address, margin + insurance),
        vault.call("deposit", settlement.address, margin),
    ]
    if insurance:
        whom = (entry.insurance_fund, settlement.address, insurance)
        calls.append(vault.call("depositFor", *whom))
    return [transaction(provider, call, "margin of the perpetual") for call in calls]


def _ranges(
    spec: WorldSpec, market: PerpetualSpec, entry: PerpetualEntry, provider: Address
) -> list[Transaction]:
    base, quote = _virtual(spec, market)
    house = clearing_house_contract(entry.clearing_house)
    found = []
    for worth, half_width in market.ladder:
        position = PositionSpec(worth, half_width)
        ticks, amounts = position_amounts(base, quote, position, entry.tick_spacing)
        order = (entry.base_token, *amounts, *ticks, 0, 0, False, _FOREVER)
        found.append(transaction(provider, house.call("addLiquidity", order), "liquidity"))
    return found
