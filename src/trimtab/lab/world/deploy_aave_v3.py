"""Aave V3, the 3.0 line: a pool with one reserve per token and a rate curve for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import Artifact, artifact
from trimtab.lab.world.contracts import Contract, Query, created_address
from trimtab.lab.world.deploy_lending_rules import (
    category_entries,
    deploy_flash_loan_receiver,
    set_rules,
)
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import (
    AaveEntry,
    CategoryEntry,
    FeedEntry,
    ReserveEntry,
    TokenEntry,
)
from trimtab.lab.world.spec import PRICE_DECIMALS, RateSpec, ReserveSpec
from trimtab.lab.world.spec_aave_v3 import LendingRules
from trimtab.lab.world.transactions import Deployer, Transaction, transaction

VARIABLE_RATE = 2
"""The interest rate mode of every debt here; the stable mode is off."""

_AAVE = "@aave/core-v3/artifacts/contracts/"
_LOGIC = "protocol/libraries/logic/"
_LIBRARIES = ("Supply", "Borrow", "Liquidation", "EMode", "Bridge", "Pool", "Configurator")
_RAY_PER_BPS = 10**23
_MARKET_ID = "trimtab local world"
_NO_PARAMETERS = b"\x10"
"""Parameters of a token's initialiser, which ignores them but must be given some."""

_FLASH_LOAN_PREMIUM = 9
_PERCENT_RAY = 10**25
_STABLE_RATES = (2 * _PERCENT_RAY, 75 * _PERCENT_RAY, _PERCENT_RAY, 8 * _PERCENT_RAY)
_OPTIMAL_STABLE_SHARE = 20 * _PERCENT_RAY
"""What the curves say about stable debt, of which there is none."""


def aave_pool_contract(address: Address) -> Contract:
    """The lending pool at an address."""
    return Contract(address, _artifact("protocol/pool/Pool").abi)


def data_provider_contract(address: Address) -> Contract:
    """The reader of reserves and accounts, at an address."""
    return Contract(address, _artifact("misc/AaveProtocolDataProvider").abi)


def oracle_contract(address: Address) -> Contract:
    """The price oracle at an address."""
    return Contract(address, _artifact("misc/AaveOracle").abi)


def rate_strategy_contract(address: Address) -> Contract:
    """The utilisation curve at an address."""
    return Contract(address, _artifact("protocol/pool/DefaultReserveInterestRateStrategy").abi)


# --------------------------------------------------------------------------------- deploying


@dataclass(frozen=True, slots=True)
class LendingMarket:
    """The lending pool with its reserves queued."""

    provider: Contract
    acl_manager: Contract
    pool: Contract
    configurator: Contract
    oracle: Contract
    data_provider: Contract
    reserves: tuple[ReserveSpec, ...]
    strategies: Mapping[str, Address]
    tokens: Mapping[str, TokenEntry]
    categories: tuple[CategoryEntry, ...] = ()
    receivers: tuple[Address, ...] = ()

    @property
    def queries(self) -> list[Query]:
        """What to ask when the deployment is mined: each reserve's own tokens."""
        return [
            Query(
                self.data_provider,
                "getReserveTokensAddresses",
                (self.tokens[reserve.symbol].address,),
            )
            for reserve in self.reserves
        ]

    def entry(self, answers: Sequence[tuple[Address, Address, Address]]) -> AaveEntry:
        """The address book's entry, given the answers to `queries`."""
        return AaveEntry(
            self.provider.address,
            self.pool.address,
            self.configurator.address,
            self.acl_manager.address,
            self.oracle.address,
            self.data_provider.address,
            {
                reserve.symbol: ReserveEntry(
                    token=self.tokens[reserve.symbol].address,
                    a_token=a_token,
                    variable_debt_token=variable,
                    stable_debt_token=stable,
                    rate_strategy=self.strategies[reserve.symbol],
                )
                for reserve, (a_token, stable, variable) in zip(self.reserves, answers, strict=True)
            },
            self.categories,
            self.receivers,
        )


def deploy_aave_v3(
    deployer: Deployer,
    reserves: tuple[ReserveSpec, ...],
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
    rules: LendingRules | None = None,
) -> LendingMarket:
    """The pool with its reserves open to supply and variable-rate borrowing, without caps.

    That is but for the rules, where there are any.
    """
    market = _deploy_pool(deployer, reserves, tokens, feeds)
    _list_reserves(deployer, market)
    if rules is None:
        return market
    set_rules(deployer, market.configurator, rules, tokens)
    receiver = deploy_flash_loan_receiver(deployer, market.provider.address)
    return replace(market, categories=category_entries(rules, tokens), receivers=(receiver,))


def supply_reserves(deployer: Deployer, market: LendingMarket, account: Address) -> None:
    """Queue the first supply of each reserve, made out to an account."""
    for reserve in market.reserves:
        token = market.tokens[reserve.symbol]
        raw = reserve.supplied * 10**token.decimals
        if raw:
            mint(deployer, {token.address: raw}, market.pool.address)
            deployer.invoke(market.pool, "supply", token.address, raw, account, 0)


def first_borrowings(market: LendingMarket, account: Address) -> list[Transaction]:
    """What the account sends to borrow the first debt of each reserve."""
    return [
        transaction(
            account,
            market.pool.call(
                "borrow",
                market.tokens[reserve.symbol].address,
                reserve.borrowed * 10 ** market.tokens[reserve.symbol].decimals,
                VARIABLE_RATE,
                0,
                account,
            ),
            f"borrowing {reserve.borrowed} {reserve.symbol}",
        )
        for reserve in market.reserves
        if reserve.borrowed
    ]


def _deploy_pool(
    deployer: Deployer,
    reserves: tuple[ReserveSpec, ...],
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
) -> LendingMarket:
    libraries = _deploy_libraries(deployer)
    provider = deployer.create(
        _artifact("protocol/configuration/PoolAddressesProvider"), _MARKET_ID, deployer.account
    )
    acl_manager = _deploy_roles(deployer, provider)
    pool_code = deployer.create(
        _artifact("protocol/pool/Pool"), provider.address, libraries=libraries
    )
    deployer.invoke(pool_code, "initialize", provider.address)
    configurator_code = deployer.create(
        _artifact("protocol/pool/PoolConfigurator"), libraries=libraries
    )
    deployer.invoke(configurator_code, "initialize", provider.address)
    # The provider makes a proxy for each: its first and second creation.
    deployer.invoke(provider, "setPoolImpl", pool_code.address)
    deployer.invoke(provider, "setPoolConfiguratorImpl", configurator_code.address)
    data_provider = deployer.create(_artifact("misc/AaveProtocolDataProvider"), provider.address)
    deployer.invoke(provider, "setPoolDataProvider", data_provider.address)
    oracle = deployer.create(
        _artifact("misc/AaveOracle"),
        provider.address,
        [tokens[reserve.symbol].address for reserve in reserves],
        [feeds[reserve.symbol].address for reserve in reserves],
        ZERO_ADDRESS,
        ZERO_ADDRESS,
        10**PRICE_DECIMALS,
    )
    deployer.invoke(provider, "setPriceOracle", oracle.address)
    return LendingMarket(
        provider=provider,
        acl_manager=acl_manager,
        pool=Contract(created_address(provider.address, 1), pool_code.abi),
        configurator=Contract(created_address(provider.address, 2), configurator_code.abi),
        oracle=oracle,
        data_provider=data_provider,
        reserves=reserves,
        strategies={
            reserve.symbol: _deploy_strategy(deployer, provider, reserve.rates)
            for reserve in reserves
        },
        tokens=tokens,
    )


def _deploy_libraries(deployer: Deployer) -> dict[str, Address]:
    libraries: dict[str, Address] = {}
    for name in (*(f"{each}Logic" for each in _LIBRARIES), "FlashLoanLogic"):
        built = _artifact(_LOGIC + name)
        libraries[name] = deployer.create(built, libraries=libraries).address
    return libraries


def _deploy_roles(deployer: Deployer, provider: Contract) -> Contract:
    """The access control list, with the deployer in every role that set-up needs."""
    deployer.invoke(provider, "setACLAdmin", deployer.account)
    acl_manager = deployer.create(_artifact("protocol/configuration/ACLManager"), provider.address)
    deployer.invoke(provider, "setACLManager", acl_manager.address)
    for role in ("addPoolAdmin", "addAssetListingAdmin", "addRiskAdmin", "addEmergencyAdmin"):
        deployer.invoke(acl_manager, role, deployer.account)
    return acl_manager


def _deploy_strategy(deployer: Deployer, provider: Contract, rates: RateSpec) -> Address:
    curve = (rates.optimal_utilisation, rates.base, rates.slope1, rates.slope2)
    return deployer.create(
        _artifact("protocol/pool/DefaultReserveInterestRateStrategy"),
        provider.address,
        *(figure * _RAY_PER_BPS for figure in curve),
        *_STABLE_RATES,
        _OPTIMAL_STABLE_SHARE,
    ).address


def _list_reserves(deployer: Deployer, market: LendingMarket) -> None:
    codes = [
        deployer.create(_artifact(f"protocol/tokenization/{kind}"), market.pool.address).address
        for kind in ("AToken", "StableDebtToken", "VariableDebtToken")
    ]
    configurator = market.configurator
    listings = [
        _listing(codes, reserve, market, treasury=deployer.account) for reserve in market.reserves
    ]
    deployer.invoke(configurator, "initReserves", listings)
    for reserve in market.reserves:
        token = market.tokens[reserve.symbol].address
        deployer.invoke(
            configurator,
            "configureReserveAsCollateral",
            token,
            reserve.loan_to_value,
            reserve.liquidation_threshold,
            reserve.liquidation_bonus,
        )
        deployer.invoke(configurator, "setReserveBorrowing", token, True)
        deployer.invoke(configurator, "setReserveFactor", token, reserve.reserve_factor)
        deployer.invoke(configurator, "setReserveFlashLoaning", token, True)
    deployer.invoke(configurator, "updateFlashloanPremiumTotal", _FLASH_LOAN_PREMIUM)


def _listing(
    codes: list[Address], reserve: ReserveSpec, market: LendingMarket, treasury: Address
) -> tuple[object, ...]:
    """One `ConfiguratorInputTypes.InitReserveInput`."""
    token, symbol = market.tokens[reserve.symbol], reserve.symbol
    names = (
        *(f"Aave {symbol}", f"a{symbol}"),
        *(f"Aave variable debt {symbol}", f"variableDebt{symbol}"),
        *(f"Aave stable debt {symbol}", f"stableDebt{symbol}"),
    )
    strategy = market.strategies[symbol]
    place = (token.decimals, strategy, token.address, treasury, ZERO_ADDRESS)
    return (*codes, *place, *names, _NO_PARAMETERS)


def _artifact(path: str) -> Artifact:
    name = path.rsplit("/", 1)[-1]
    return artifact(f"{_AAVE}{path}.sol/{name}.json")
