"""Morpho Blue, compiled from its package's sources, and lending markets with a first loan.

Its package has a rate model by utilisation and an oracle whose price is set by hand. The
adaptive-curve rate model is in no package: a contract of our own stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core.quantise import Bps
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory, package
from trimtab.lab.world.compile import Compiler, compiled, compiled_together
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import TokenEntry
from trimtab.lab.world.morpho_entries import LendingMarketEntry, MorphoEntry
from trimtab.lab.world.spec import WorldSpec
from trimtab.lab.world.spec_morpho import LendingMarketSpec, MorphoSpec
from trimtab.lab.world.transactions import Deployer
from trimtab.protocols.morpho import id_of

PACKAGE = "@morpho-org/morpho-blue"
COMPILER = Compiler("solc-0.8.19", runs=999_999, via_ir=True)
_SOURCES = {
    "Morpho": "src/Morpho.sol",
    "IrmMock": "src/mocks/IrmMock.sol",
    "OracleMock": "src/mocks/OracleMock.sol",
}
_PRICE_DECIMALS = 36
_WAD_PER_BASIS_POINT = 10**14


def morpho_artifacts() -> dict[str, Artifact]:
    """Morpho, its rate model by utilisation (`IrmMock`), and its settable oracle (`OracleMock`)."""
    return compiled_together(package(PACKAGE), _SOURCES, COMPILER)


def adaptive_curve_artifact() -> Artifact:
    """Our own stand-in for the adaptive-curve rate model, compiled from its source."""
    return compiled(contracts_directory(), "AdaptiveCurveRates.sol", "AdaptiveCurveRates")


def morpho_contract(address: Address) -> Contract:
    """The contract that holds all markets, at an address."""
    return Contract(address, morpho_artifacts()["Morpho"].abi)


def oracle_contract(address: Address) -> Contract:
    """The settable oracle at an address."""
    return Contract(address, morpho_artifacts()["OracleMock"].abi)


def deploy_morpho(
    deployer: Deployer,
    spec: WorldSpec,
    morpho: MorphoSpec,
    tokens: Mapping[str, TokenEntry],
    accounts: tuple[Address, ...],
) -> MorphoEntry:
    """The contract and its markets, lent to by the first account; agents are the others."""
    built = morpho_artifacts()
    contract = deployer.create(built["Morpho"], deployer.account)
    rate_models = {
        "none": ZERO_ADDRESS,
        "utilisation": deployer.create(built["IrmMock"]).address,
        "adaptive_curve": deployer.create(adaptive_curve_artifact(), contract.address).address,
    }
    for rate_model in rate_models.values():
        deployer.invoke(contract, "enableIrm", rate_model)
    for lltv in sorted({market.lltv for market in morpho.markets}):
        deployer.invoke(contract, "enableLltv", _wad(lltv))
    lender, *agents = accounts
    if morpho.fee_agent is not None:
        deployer.invoke(contract, "setFeeRecipient", agents[morpho.fee_agent])
    markets = {}
    for name, market in zip(morpho.names, morpho.markets, strict=True):
        oracle = deployer.create(built["OracleMock"])
        deployer.invoke(oracle, "setPrice", _price(spec, market))
        rate_model = rate_models[market.rates]
        entry = _entry(market, tokens, oracle.address, rate_model)
        _open(deployer, contract, market, entry, tokens, lender)
        markets[name] = entry
    return MorphoEntry(contract.address, markets)


def _open(
    deployer: Deployer,
    contract: Contract,
    market: LendingMarketSpec,
    entry: LendingMarketEntry,
    tokens: Mapping[str, TokenEntry],
    lender: Address,
) -> None:
    """Create a market, lend to it for `lender`, and borrow from it as the deployer."""
    parameters = (entry.loan, entry.collateral, entry.oracle, entry.rate_model, entry.lltv)
    deployer.invoke(contract, "createMarket", parameters)
    if market.fee:
        deployer.invoke(contract, "setFee", parameters, _wad(market.fee))
    loan, collateral = 10 ** tokens[market.loan].decimals, 10 ** tokens[market.collateral].decimals
    pledged = market.collateralised * collateral
    supplied = market.supplied * loan
    mint(deployer, {entry.loan: supplied, entry.collateral: pledged}, contract.address)
    if supplied:
        deployer.invoke(contract, "supply", parameters, supplied, 0, lender, b"")
    if pledged:
        deployer.invoke(contract, "supplyCollateral", parameters, pledged, deployer.account, b"")
    if market.borrowed:
        to = (deployer.account, lender)
        deployer.invoke(contract, "borrow", parameters, market.borrowed * loan, 0, *to)


def _entry(
    market: LendingMarketSpec,
    tokens: Mapping[str, TokenEntry],
    oracle: Address,
    rate_model: Address,
) -> LendingMarketEntry:
    loan, collateral = tokens[market.loan].address, tokens[market.collateral].address
    lltv = _wad(market.lltv)
    return LendingMarketEntry(
        market_id=id_of((loan, collateral, oracle, rate_model, lltv)),
        loan=loan,
        collateral=collateral,
        oracle=oracle,
        rate_model=rate_model,
        rates=market.rates,
        lltv=lltv,
    )


def _price(spec: WorldSpec, market: LendingMarketSpec) -> int:
    """Base units of the loan token for one of collateral, times 10**36, at the feeds' prices."""
    loan, collateral = spec.token(market.loan), spec.token(market.collateral)
    scale = 10 ** (_PRICE_DECIMALS + loan.decimals)
    return int(collateral.price * scale // (loan.price * 10**collateral.decimals))


def _wad(share: Bps) -> int:
    return share * _WAD_PER_BASIS_POINT
