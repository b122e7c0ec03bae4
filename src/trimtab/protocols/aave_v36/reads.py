"""What is asked of a pool, its tokens and its oracle, in one round.

Every block: the premium and the categories, on which health depends, the reserves with their
totals, and the accounts' positions. Where nothing is known, before them what only governance
changes: rate curves, oracle, treasuries.
"""

from collections.abc import Sequence

from trimtab.core.abi import Read, call_data
from trimtab.core.adapter import Question
from trimtab.core.token import Address
from trimtab.protocols.aave_v36.market import LendingPool36, LendingState, Reserve

_OF_A_CATEGORY = ("CollateralConfig", "CollateralBitmap", "BorrowableBitmap", "LtvzeroBitmap")


def reads(pool: LendingPool36, question: Question[LendingState]) -> tuple[Read, ...]:
    """Limits, reserves, then accounts; before them what governance set, if nothing is known."""
    if question.round:
        return ()
    asked = _governance_reads(pool) if question.known is None else []
    asked += _limit_reads(pool)
    for reserve in pool.reserves:
        asked += _reserve_reads(pool, reserve)
    for owner in question.accounts.owners:
        asked += _account_reads(pool, owner, delegates(pool, owner, question.accounts.owners))
    return tuple(asked)


def delegates(
    pool: LendingPool36, owner: Address, owners: Sequence[Address]
) -> tuple[Address, ...]:
    """Whose leave to borrow as the owner's debt is tracked: the other owners', and operators'."""
    return tuple(each for each in dict.fromkeys((*owners, *pool.operators)) if each != owner)


def _governance_reads(pool: LendingPool36) -> list[Read]:
    asked = [
        Read(pool.address, call_data("ADDRESSES_PROVIDER()")),
        Read(pool.address, call_data("RESERVE_INTEREST_RATE_STRATEGY()")),
        Read(pool.addresses_provider, call_data("getPriceOracle()")),
        Read(pool.addresses_provider, call_data("getPriceOracleSentinel()")),
        Read(pool.oracle, call_data("BASE_CURRENCY()")),
        Read(pool.oracle, call_data("BASE_CURRENCY_UNIT()")),
        Read(pool.oracle, call_data("getFallbackOracle()")),
    ]
    for reserve in pool.reserves:
        token = reserve.token.address
        asked += [
            Read(pool.oracle, call_data("getSourceOfAsset(address)", token)),
            Read(pool.rate_strategy, call_data("getInterestRateDataBps(address)", token)),
            Read(reserve.a_token, call_data("RESERVE_TREASURY_ADDRESS()")),
        ]
    return asked


def _limit_reads(pool: LendingPool36) -> list[Read]:
    asked = [Read(pool.address, call_data("FLASHLOAN_PREMIUM_TOTAL()"))]
    for number in pool.categories:
        asked += [
            Read(pool.address, call_data(f"getEModeCategory{what}(uint8)", number))
            for what in _OF_A_CATEGORY
        ]
    return asked


def _reserve_reads(pool: LendingPool36, reserve: Reserve) -> list[Read]:
    token = reserve.token.address
    return [
        Read(pool.address, call_data("getReserveData(address)", token)),
        Read(pool.address, call_data("getVirtualUnderlyingBalance(address)", token)),
        Read(pool.address, call_data("getReserveDeficit(address)", token)),
        Read(pool.address, call_data("getLiquidationGracePeriod(address)", token)),
        Read(reserve.a_token, call_data("scaledTotalSupply()")),
        Read(reserve.variable_debt_token, call_data("scaledTotalSupply()")),
    ]


def _account_reads(
    pool: LendingPool36, owner: Address, delegated: tuple[Address, ...]
) -> list[Read]:
    asked = [
        Read(pool.address, call_data("getUserConfiguration(address)", owner)),
        Read(pool.address, call_data("getUserEMode(address)", owner)),
    ]
    scaled = call_data("scaledBalanceOf(address)", owner)
    for reserve in pool.reserves:
        asked += [Read(reserve.a_token, scaled), Read(reserve.variable_debt_token, scaled)]
        asked += [
            Read(
                reserve.variable_debt_token,
                call_data("borrowAllowance(address,address)", owner, to),
            )
            for to in delegated
        ]
        asked += [
            Read(reserve.a_token, call_data("allowance(address,address)", owner, spender))
            for spender in pool.operators
        ]
    return asked
