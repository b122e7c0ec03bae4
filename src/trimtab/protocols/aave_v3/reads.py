"""What is asked of a pool, its tokens and its oracle.

All in one round. Every block: the reserves with their totals, the accounts' positions and the
leave that they give, categories and premiums. Where nothing is known, also what else governance
changes: rate curves, oracle, sentinel, treasuries, roles.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from trimtab.core.abi import Read, call_data
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import LendingPool, LendingState, Reserve

CURVE_GETTERS = (
    "OPTIMAL_USAGE_RATIO()",
    "getBaseVariableBorrowRate()",
    "getVariableRateSlope1()",
    "getVariableRateSlope2()",
    "getBaseStableBorrowRate()",
    "getStableRateSlope1()",
    "getStableRateSlope2()",
)
_ISOLATED_SUPPLIER = int.from_bytes(keccak(text="ISOLATED_COLLATERAL_SUPPLIER"), "big")


def reads(pool: LendingPool, question: Question[LendingState]) -> tuple[Read, ...]:
    """The pool's terms, reserves, accounts; before them what else governance set, where new."""
    if question.round:
        return ()
    asked = _governance_reads(pool) if question.known is None else []
    asked += [
        Read(pool.address, call_data("FLASHLOAN_PREMIUM_TOTAL()")),
        Read(pool.address, call_data("FLASHLOAN_PREMIUM_TO_PROTOCOL()")),
    ]
    for category in pool.categories:
        asked.append(Read(pool.address, call_data("getEModeCategoryData(uint8)", category.id)))
    for reserve in pool.reserves:
        asked += _reserve_reads(pool, reserve)
    for owner in question.accounts.owners:
        asked += _account_reads(pool, owner, trusted(pool, question.accounts, owner))
    return tuple(asked)


def trusted(pool: LendingPool, accounts: Accounts, owner: Address) -> tuple[Address, ...]:
    """To whom an owner's leave is tracked: the other owners, and operators among the spenders."""
    operators = (operator for operator in pool.operators if operator in accounts.spenders)
    return tuple(to for to in dict.fromkeys((*accounts.others(owner), *operators)) if to != owner)


def _governance_reads(pool: LendingPool) -> list[Read]:
    asked = [
        Read(pool.address, call_data("ADDRESSES_PROVIDER()")),
        Read(pool.addresses_provider, call_data("getPriceOracle()")),
        Read(pool.addresses_provider, call_data("getPriceOracleSentinel()")),
        Read(pool.oracle, call_data("BASE_CURRENCY()")),
        Read(pool.oracle, call_data("BASE_CURRENCY_UNIT()")),
        Read(pool.oracle, call_data("getFallbackOracle()")),
    ]
    if pool.acl_manager is not None:
        asked.append(Read(pool.addresses_provider, call_data("getACLManager()")))
    asked += [_source_read(pool, category.price_source) for category in pool.categories]
    for reserve in pool.reserves:
        asked.append(_source_read(pool, reserve.token.address))
        asked += [Read(reserve.rate_strategy, call_data(getter)) for getter in CURVE_GETTERS]
        asked.append(Read(reserve.a_token, call_data("RESERVE_TREASURY_ADDRESS()")))
        asked += _role_reads(pool, reserve.a_token)
    return asked


def _source_read(pool: LendingPool, asset: Address) -> Read:
    return Read(pool.oracle, call_data("getSourceOfAsset(address)", asset))


def _role_reads(pool: LendingPool, holder: Address) -> Sequence[Read]:
    """Whether isolated collateral that this caller hands out is switched on."""
    if pool.acl_manager is None:
        return ()
    asked = call_data("hasRole(bytes32,address)", _ISOLATED_SUPPLIER, holder)
    return (Read(pool.acl_manager, asked),)


def _reserve_reads(pool: LendingPool, reserve: Reserve) -> list[Read]:
    return [
        Read(pool.address, call_data("getReserveData(address)", reserve.token.address)),
        Read(reserve.a_token, call_data("scaledTotalSupply()")),
        Read(reserve.variable_debt_token, call_data("scaledTotalSupply()")),
        Read(reserve.stable_debt_token, call_data("totalSupply()")),
    ]


def _account_reads(pool: LendingPool, owner: Address, near: tuple[Address, ...]) -> list[Read]:
    asked = [
        Read(pool.address, call_data("getUserConfiguration(address)", owner)),
        Read(pool.address, call_data("getUserEMode(address)", owner)),
        *_role_reads(pool, owner),
    ]
    scaled = call_data("scaledBalanceOf(address)", owner)
    for reserve in pool.reserves:
        debt_token = reserve.variable_debt_token
        asked += [Read(reserve.a_token, scaled), Read(debt_token, scaled)]
        for to in near:
            asked.append(Read(debt_token, call_data("borrowAllowance(address,address)", owner, to)))
            asked.append(Read(reserve.a_token, call_data("allowance(address,address)", owner, to)))
    return asked
