"""Aave V3, the 3.6 line, compiled from its package's sources.

The sources are under the Business Source License until 2027 and are used as it allows for tests
and rehearsals: docs/decisions/0011-aave-3-6.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.core.abi import Call
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import Artifact, Parameter, package
from trimtab.lab.world.compile import Compiler, compiled_together
from trimtab.lab.world.contracts import Contract, created_address, encode_parameters
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import FeedEntry, TokenEntry
from trimtab.lab.world.lending_pool_entries import LendingPoolEntry, LendingReserveEntry
from trimtab.lab.world.spec_aave_v36 import (
    EfficiencyModeSpec,
    LendingPoolSpec,
    LendingReserveSpec,
)
from trimtab.lab.world.transactions import Deployer, Transaction, transaction

PACKAGE = "@aave-dao/aave-v3-origin"
COMPILER = Compiler(
    "solc-0.8.30",
    runs=200,
    evm_version="shanghai",
    remappings=(("openzeppelin-contracts/contracts/", "@openzeppelin/contracts/"),),
)
LIBRARIES = ("Supply", "Borrow", "Liquidation", "Pool", "Configurator", "FlashLoan")
"""The logic libraries, in an order in which each finds those that it calls."""

PROXY_CONTRACT = "InitializableImmutableAdminUpgradeabilityProxy"
RECEIVER_CONTRACT = "MockFlashLoanSimpleReceiver"
_SOURCES = {
    "PoolInstance": "instances/PoolInstance",
    "PoolConfiguratorInstance": "instances/PoolConfiguratorInstance",
    "ATokenInstance": "instances/ATokenInstance",
    "VariableDebtTokenInstance": "instances/VariableDebtTokenInstance",
    "PoolAddressesProvider": "protocol/configuration/PoolAddressesProvider",
    "ACLManager": "protocol/configuration/ACLManager",
    "AaveOracle": "misc/AaveOracle",
    "AaveProtocolDataProvider": "helpers/AaveProtocolDataProvider",
    "DefaultReserveInterestRateStrategyV2": "misc/DefaultReserveInterestRateStrategyV2",
    PROXY_CONTRACT: f"misc/aave-upgradeability/{PROXY_CONTRACT}",
    RECEIVER_CONTRACT: "mocks/flashloan/MockSimpleFlashLoanReceiver",
    **{f"{name}Logic": f"protocol/libraries/logic/{name}Logic" for name in LIBRARIES},
}
_VARIABLE_RATE = 2
_MARKET_ID = "trimtab local world"
_BASE_CURRENCY_UNIT = 10**8
_RATE_DATA = tuple(map(Parameter, ("uint16", "uint32", "uint32", "uint32")))


def lending_artifacts() -> dict[str, Artifact]:
    """Every contract of the pool by its name, compiled in one request."""
    return compiled_together(package(PACKAGE), {name: source(name) for name in _SOURCES}, COMPILER)


def source(contract: str) -> str:
    """The file of a contract's source, inside the package."""
    return f"src/contracts/{_SOURCES[contract]}.sol"


def lending_pool_contract(address: Address) -> Contract:
    """The lending pool at an address."""
    return Contract(address, lending_artifacts()["PoolInstance"].abi)


def pool_configurator_contract(address: Address) -> Contract:
    """What sets the pool's reserves up, at an address."""
    return Contract(address, lending_artifacts()["PoolConfiguratorInstance"].abi)


@dataclass(frozen=True, slots=True)
class LendingMarket36:
    """The lending pool with its reserves queued."""

    spec: LendingPoolSpec
    entry: LendingPoolEntry
    pool: Contract
    configurator: Contract
    tokens: Mapping[str, TokenEntry]

    def first_borrowings(self, account: Address) -> list[Transaction]:
        """What the account sends to borrow the first debt of each reserve."""
        return [
            transaction(account, self._borrow(reserve, account), f"borrowing {reserve.symbol}")
            for reserve in self.spec.reserves
            if reserve.borrowed
        ]

    def raw(self, symbol: str, whole: int) -> int:
        """Base units of so many whole tokens."""
        return int(whole * 10 ** self.tokens[symbol].decimals)

    def _borrow(self, reserve: LendingReserveSpec, account: Address) -> Call:
        token, raw = self.tokens[reserve.symbol].address, self.raw(reserve.symbol, reserve.borrowed)
        return self.pool.call("borrow", token, raw, _VARIABLE_RATE, 0, account)


def deploy_aave_v36(
    deployer: Deployer,
    spec: LendingPoolSpec,
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
    liquidity_provider: Address,
) -> LendingMarket36:
    """The pool with its rules, and what the liquidity provider supplies to it."""
    market = _deploy_pool(deployer, spec, tokens, feeds)
    _list_reserves(deployer, market)
    for reserve in spec.reserves:
        _configure(deployer, market.configurator, reserve, tokens[reserve.symbol].address)
    for mode in spec.efficiency_modes:
        _add_mode(deployer, market.configurator, mode, tokens)
    premium = spec.flash_loan_premium
    deployer.invoke(market.configurator, "updateFlashloanPremium", premium)
    for reserve in spec.reserves:
        token, raw = tokens[reserve.symbol].address, market.raw(reserve.symbol, reserve.supplied)
        mint(deployer, {token: raw}, market.pool.address)
        deployer.invoke(market.pool, "supply", token, raw, liquidity_provider, 0)
    return market


def _deploy_pool(
    deployer: Deployer,
    spec: LendingPoolSpec,
    tokens: Mapping[str, TokenEntry],
    feeds: Mapping[str, FeedEntry],
) -> LendingMarket36:
    built = lending_artifacts()
    libraries: dict[str, Address] = {}
    for name in (f"{each}Logic" for each in LIBRARIES):
        libraries[name] = deployer.create(built[name], libraries=libraries).address
    provider = deployer.create(built["PoolAddressesProvider"], _MARKET_ID, deployer.account)
    acl_manager = _deploy_roles(deployer, provider, built["ACLManager"])
    strategy = deployer.create(built["DefaultReserveInterestRateStrategyV2"], provider.address)
    pool_code = deployer.create(
        built["PoolInstance"], provider.address, strategy.address, libraries=libraries
    )
    configurator_code = deployer.create(built["PoolConfiguratorInstance"], libraries=libraries)
    # The provider makes a proxy for each: its first and second creation.
    deployer.invoke(provider, "setPoolImpl", pool_code.address)
    deployer.invoke(provider, "setPoolConfiguratorImpl", configurator_code.address)
    # The configurator asks it whether anybody supplies or borrows.
    reader = deployer.create(built["AaveProtocolDataProvider"], provider.address)
    deployer.invoke(provider, "setPoolDataProvider", reader.address)
    symbols = spec.symbols
    oracle = deployer.create(
        built["AaveOracle"],
        provider.address,
        [tokens[symbol].address for symbol in symbols],
        [feeds[symbol].address for symbol in symbols],
        ZERO_ADDRESS,
        ZERO_ADDRESS,
        _BASE_CURRENCY_UNIT,
    )
    deployer.invoke(provider, "setPriceOracle", oracle.address)
    pool = Contract(created_address(provider.address, 1), pool_code.abi)
    configurator = Contract(created_address(provider.address, 2), configurator_code.abi)
    receiver = deployer.create(built[RECEIVER_CONTRACT], provider.address)
    entry = LendingPoolEntry(
        addresses_provider=provider.address,
        pool=pool.address,
        pool_configurator=configurator.address,
        acl_manager=acl_manager.address,
        oracle=oracle.address,
        rate_strategy=strategy.address,
        treasury=deployer.account,
        reserves=_reserve_entries(symbols, tokens, configurator.address),
        efficiency_modes=tuple(mode.id for mode in spec.efficiency_modes),
        receivers=(receiver.address,),
    )
    return LendingMarket36(spec, entry, pool, configurator, tokens)


def _reserve_entries(
    symbols: list[str], tokens: Mapping[str, TokenEntry], configurator: Address
) -> dict[str, LendingReserveEntry]:
    """Each reserve's tokens, which the configurator makes proxies for in turn."""
    return {
        symbol: LendingReserveEntry(
            token=tokens[symbol].address,
            a_token=created_address(configurator, 1 + 2 * number),
            variable_debt_token=created_address(configurator, 2 + 2 * number),
        )
        for number, symbol in enumerate(symbols)
    }


def _deploy_roles(deployer: Deployer, provider: Contract, built: Artifact) -> Contract:
    """The access control list, with the deployer in every role that set-up needs."""
    deployer.invoke(provider, "setACLAdmin", deployer.account)
    acl_manager = deployer.create(built, provider.address)
    deployer.invoke(provider, "setACLManager", acl_manager.address)
    for role in ("addPoolAdmin", "addAssetListingAdmin", "addRiskAdmin", "addEmergencyAdmin"):
        deployer.invoke(acl_manager, role, deployer.account)
    return acl_manager


def _list_reserves(deployer: Deployer, market: LendingMarket36) -> None:
    built, pool = lending_artifacts(), market.pool.address
    treasury = market.entry.treasury
    a_token = deployer.create(built["ATokenInstance"], pool, ZERO_ADDRESS, treasury)
    debt = deployer.create(built["VariableDebtTokenInstance"], pool, ZERO_ADDRESS)
    listings = [
        (
            *(a_token.address, debt.address, market.tokens[reserve.symbol].address),
            *(f"Aave {reserve.symbol}", f"a{reserve.symbol}"),
            *(f"Aave variable debt {reserve.symbol}", f"variableDebt{reserve.symbol}"),
            b"",
            _rate_data(reserve),
        )
        for reserve in market.spec.reserves
    ]
    deployer.invoke(market.configurator, "initReserves", listings)


def _rate_data(reserve: LendingReserveSpec) -> bytes:
    rates = reserve.rates
    curve = (rates.optimal_utilisation, rates.base, rates.slope1, rates.slope2)
    return encode_parameters(_RATE_DATA, curve)


def _configure(
    deployer: Deployer, configurator: Contract, reserve: LendingReserveSpec, asset: Address
) -> None:
    """Queue what a reserve's rules are, before anybody supplies: later some are refused."""
    limits = (reserve.loan_to_value, reserve.liquidation_threshold, reserve.liquidation_bonus)
    deployer.invoke(configurator, "configureReserveAsCollateral", asset, *limits)
    settings: dict[str, int | bool] = {
        "setReserveBorrowing": reserve.is_borrowable,
        "setReserveFactor": reserve.reserve_factor,
        "setReserveFlashLoaning": reserve.is_flash_loaned,
        "setSupplyCap": reserve.supply_cap,
        "setBorrowCap": reserve.borrow_cap,
        "setLiquidationProtocolFee": reserve.liquidation_fee,
        "setDebtCeiling": reserve.debt_ceiling,
        "setBorrowableInIsolation": reserve.is_borrowable_in_isolation,
        "setSiloedBorrowing": reserve.is_siloed,
    }
    for function, setting in settings.items():
        if setting:
            deployer.invoke(configurator, function, asset, setting)


def _add_mode(
    deployer: Deployer,
    configurator: Contract,
    mode: EfficiencyModeSpec,
    tokens: Mapping[str, TokenEntry],
) -> None:
    limits = (mode.loan_to_value, mode.liquidation_threshold, mode.liquidation_bonus)
    label = "/".join(mode.collateral)
    deployer.invoke(configurator, "setEModeCategory", mode.id, *limits, label)
    for symbol in mode.collateral:
        asset = tokens[symbol].address
        deployer.invoke(configurator, "setAssetCollateralInEMode", asset, mode.id, True)
    for symbol in mode.borrowable:
        asset = tokens[symbol].address
        deployer.invoke(configurator, "setAssetBorrowableInEMode", asset, mode.id, True)
