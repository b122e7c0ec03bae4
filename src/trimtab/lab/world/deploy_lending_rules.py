"""Categories, caps, ceilings and fees of a lending pool of the 3.0 line."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deployment import CategoryEntry, TokenEntry
from trimtab.lab.world.spec_aave_v3 import CategorySpec, LendingRules, ReserveRules
from trimtab.lab.world.transactions import Deployer

_RECEIVER = (
    "@aave/core-v3/artifacts/contracts/mocks/flashloan/MockSimpleFlashLoanReceiver.sol/"
    "MockFlashLoanSimpleReceiver.json"
)


def set_rules(
    deployer: Deployer,
    configurator: Contract,
    rules: LendingRules,
    tokens: Mapping[str, TokenEntry],
) -> None:
    """Queue the rules of listed reserves, before anybody supplies: later some are refused."""
    for category in rules.categories:
        _set_category(deployer, configurator, category, tokens)
    for reserve in rules.reserves:
        _set_reserve(deployer, configurator, reserve, tokens[reserve.symbol].address)
    share = rules.premium_to_protocol
    deployer.invoke(configurator, "updateFlashloanPremiumToProtocol", share)


def deploy_flash_loan_receiver(deployer: Deployer, provider: Address) -> Address:
    """The protocol's own receiver, which mints the premium and lets the pool take all."""
    return deployer.create(artifact(_RECEIVER), provider).address


def category_entries(
    rules: LendingRules, tokens: Mapping[str, TokenEntry]
) -> tuple[CategoryEntry, ...]:
    """The address book's entries of the categories."""
    return tuple(
        CategoryEntry(each.id, _source(each, tokens), each.priced_as) for each in rules.categories
    )


def _set_category(
    deployer: Deployer,
    configurator: Contract,
    category: CategorySpec,
    tokens: Mapping[str, TokenEntry],
) -> None:
    deployer.invoke(
        configurator,
        "setEModeCategory",
        category.id,
        category.loan_to_value,
        category.liquidation_threshold,
        category.liquidation_bonus,
        _source(category, tokens),
        "/".join(category.symbols),
    )
    for symbol in category.symbols:
        asset = tokens[symbol].address
        deployer.invoke(configurator, "setAssetEModeCategory", asset, category.id)


def _set_reserve(
    deployer: Deployer, configurator: Contract, rules: ReserveRules, asset: Address
) -> None:
    settings: dict[str, int | bool] = {
        "setSupplyCap": rules.supply_cap,
        "setBorrowCap": rules.borrow_cap,
        "setLiquidationProtocolFee": rules.liquidation_fee,
        "setDebtCeiling": rules.debt_ceiling,
        "setBorrowableInIsolation": rules.is_borrowable_in_isolation,
        "setSiloedBorrowing": rules.is_siloed,
    }
    for function, setting in settings.items():
        if setting:
            deployer.invoke(configurator, function, asset, setting)
    if not rules.is_borrowable:
        deployer.invoke(configurator, "setReserveBorrowing", asset, False)
    if not rules.is_flash_loaned:
        deployer.invoke(configurator, "setReserveFlashLoaning", asset, False)


def _source(category: CategorySpec, tokens: Mapping[str, TokenEntry]) -> Address:
    return ZERO_ADDRESS if category.priced_as is None else tokens[category.priced_as].address
