"""What is asked of a pool, its tokens and its oracle, and how the answers become its state.

All in one round. Every block: the reserves with their totals, and the accounts' positions. Where
nothing is known, also what only governance changes: rate curves, oracle, sentinel.
"""

from collections.abc import Iterator, Sequence

from trimtab.core.abi import Answer, Read, call_data, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import (
    AccountState,
    LendingPool,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveState,
)
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration

_BASE_CURRENCY_UNIT = 10**8
_NOT_MODELLED = "trimtab does not model that: leave it out"
_CORRECT = "correct the declaration of the pool"

_CURVE_GETTERS = (
    "OPTIMAL_USAGE_RATIO()",
    "getBaseVariableBorrowRate()",
    "getVariableRateSlope1()",
    "getVariableRateSlope2()",
    "getBaseStableBorrowRate()",
    "getStableRateSlope1()",
    "getStableRateSlope2()",
)

# -------------------------------------------------------------------------------------- asking


def reads(pool: LendingPool, question: Question[LendingState]) -> tuple[Read, ...]:
    """Reserves, then accounts; before them what governance set, where nothing is known."""
    if question.round:
        return ()
    asked = _governance_reads(pool) if question.known is None else []
    for reserve in pool.reserves:
        asked += _reserve_reads(pool, reserve)
    for owner in question.accounts.owners:
        asked += _account_reads(pool, owner)
    return tuple(asked)


def _governance_reads(pool: LendingPool) -> list[Read]:
    asked = [
        Read(pool.address, call_data("ADDRESSES_PROVIDER()")),
        Read(pool.addresses_provider, call_data("getPriceOracle()")),
        Read(pool.addresses_provider, call_data("getPriceOracleSentinel()")),
        Read(pool.oracle, call_data("BASE_CURRENCY()")),
        Read(pool.oracle, call_data("BASE_CURRENCY_UNIT()")),
        Read(pool.oracle, call_data("getFallbackOracle()")),
    ]
    for reserve in pool.reserves:
        source = call_data("getSourceOfAsset(address)", reserve.token.address)
        asked.append(Read(pool.oracle, source))
        asked += [Read(reserve.rate_strategy, call_data(getter)) for getter in _CURVE_GETTERS]
    return asked


def _reserve_reads(pool: LendingPool, reserve: Reserve) -> list[Read]:
    return [
        Read(pool.address, call_data("getReserveData(address)", reserve.token.address)),
        Read(reserve.a_token, call_data("scaledTotalSupply()")),
        Read(reserve.variable_debt_token, call_data("scaledTotalSupply()")),
        Read(reserve.stable_debt_token, call_data("totalSupply()")),
    ]


def _account_reads(pool: LendingPool, owner: Address) -> list[Read]:
    asked = [
        Read(pool.address, call_data("getUserConfiguration(address)", owner)),
        Read(pool.address, call_data("getUserEMode(address)", owner)),
    ]
    scaled = call_data("scaledBalanceOf(address)", owner)
    for reserve in pool.reserves:
        asked += [Read(reserve.a_token, scaled), Read(reserve.variable_debt_token, scaled)]
    return asked


# ------------------------------------------------------------------------------------ decoding


def decode(
    pool: LendingPool, question: Question[LendingState], answers: Sequence[Answer]
) -> LendingState:
    """The pool's state from the answers of round 0.

    Raises DataError where the chain contradicts the pool's declaration, and for a reserve or an
    account that uses what is not modelled.
    """
    given = iter(answers)
    if question.known is None:
        _check_governance(pool, given)
        strategies = [_strategy(pool, reserve, given) for reserve in pool.reserves]
    else:
        strategies = [question.known.reserve(reserve.token).strategy for reserve in pool.reserves]
    reserves = [
        _reserve_state(pool, reserve, strategy, given)
        for reserve, strategy in zip(pool.reserves, strategies, strict=True)
    ]
    reserves.sort(key=lambda state: state.reserve.id)
    return LendingState(
        timestamp=question.head.timestamp,
        reserves={state.reserve.token: state for state in reserves},
        accounts={owner: _account_state(pool, owner, given) for owner in question.accounts.owners},
    )


def _check_governance(pool: LendingPool, given: Iterator[Answer]) -> None:
    """Compare what governance set for the whole pool with the declaration."""
    provider, oracle, sentinel, currency, unit, fallback = (
        words(next(given), 1, f"the addresses provider or the oracle of {pool.name}")[0]
        for _ in range(6)
    )
    _expect_address(provider, pool.addresses_provider, f"addresses provider of {pool.name}")
    _expect_address(oracle, pool.oracle, f"price oracle of {pool.name}")
    if sentinel:
        raise DataError(f"{pool.name} has a price oracle sentinel: {_NOT_MODELLED}")
    if (currency, unit) != (0, _BASE_CURRENCY_UNIT):
        raise DataError(
            f"the oracle of {pool.name} counts in units of {unit} of currency {currency:#x}, "
            f"expected US dollars (0x0) with 8 decimals: {_NOT_MODELLED}"
        )
    if fallback:
        raise DataError(f"the oracle of {pool.name} has a fallback oracle: {_NOT_MODELLED}")


def _strategy(pool: LendingPool, reserve: Reserve, given: Iterator[Answer]) -> RateStrategy:
    """The rate curve of a reserve, after its price feed was compared with the declaration."""
    name = f"{reserve.token.symbol} in {pool.name}"
    (source,) = words(next(given), 1, f"getSourceOfAsset of {name}")
    _expect_address(source, reserve.feed.rsplit(":", 1)[1], f"price feed of {name}")
    what = f"the rate strategy of {name}"
    return RateStrategy(*(Ray(words(next(given), 1, what)[0]) for _ in _CURVE_GETTERS))


def _reserve_state(
    pool: LendingPool, reserve: Reserve, strategy: RateStrategy, given: Iterator[Answer]
) -> ReserveState:
    name = f"{reserve.token.symbol} in {pool.name}"
    data = words(next(given), 15, f"getReserveData of {name}")
    scaled_supply, scaled_debt, stable_debt = (
        words(next(given), 1, f"a total supply of {name}")[0] for _ in range(3)
    )
    configuration = ReserveConfiguration(data[0])
    _check_identity(reserve, configuration, data, name)
    _check_modelled(configuration, stable_debt, data[13], name)
    return ReserveState(
        reserve=reserve,
        configuration=configuration,
        strategy=strategy,
        liquidity_index=Ray(data[1]),
        liquidity_rate=Ray(data[2]),
        variable_borrow_index=Ray(data[3]),
        variable_borrow_rate=Ray(data[4]),
        stable_borrow_rate=Ray(data[5]),
        last_update=Timestamp(data[6]),
        accrued_to_treasury=data[12],
        scaled_supply=scaled_supply,
        scaled_variable_debt=scaled_debt,
    )


def _account_state(pool: LendingPool, owner: Address, given: Iterator[Answer]) -> AccountState:
    what = f"the position of {owner} in {pool.name}"
    (configuration,) = words(next(given), 1, what)
    (category,) = words(next(given), 1, what)
    if category:
        raise DataError(f"{what} is in efficiency mode {category}: {_NOT_MODELLED}")
    declared = sum(3 << (2 * reserve.id) for reserve in pool.reserves)
    if configuration & ~declared:
        raise DataError(
            f"{what} uses reserves that are not declared (configuration {configuration:#x}): "
            "declare all reserves that the account uses, or its health cannot be known"
        )
    supplies, debts = {}, {}
    for reserve in pool.reserves:
        (supplies[reserve.token],) = words(next(given), 1, what)
        (debts[reserve.token],) = words(next(given), 1, what)
    return AccountState(configuration, supplies, debts)


# ------------------------------------------------------------------------------------ refusing


def _check_identity(
    reserve: Reserve, configuration: ReserveConfiguration, data: tuple[int, ...], name: str
) -> None:
    _expect_address(data[8], reserve.a_token, f"aToken of {name}")
    _expect_address(data[9], reserve.stable_debt_token, f"stable debt token of {name}")
    _expect_address(data[10], reserve.variable_debt_token, f"variable debt token of {name}")
    _expect_address(data[11], reserve.rate_strategy, f"rate strategy of {name}")
    if data[7] != reserve.id:
        raise DataError(f"{name} has the id {data[7]}, not {reserve.id}: {_CORRECT}")
    if configuration.decimals != reserve.token.decimals:
        raise DataError(
            f"{name} has {configuration.decimals} decimals, but the token was declared with "
            f"{reserve.token.decimals}: amounts would be wrong by powers of ten; {_CORRECT}"
        )


def _check_modelled(
    configuration: ReserveConfiguration, stable_debt: int, unbacked: int, name: str
) -> None:
    found = [
        words_for
        for words_for, is_so in (
            (f"has stable debt ({stable_debt} base units)", stable_debt),
            (f"has unbacked aTokens ({unbacked} base units)", unbacked),
            ("is in an efficiency mode category", configuration.efficiency_category),
            ("is in isolation mode (it has a debt ceiling)", configuration.debt_ceiling),
            ("is siloed for borrowing", configuration.is_siloed),
        )
        if is_so
    ]
    if found:
        raise DataError(f"{name} {', and '.join(found)}: {_NOT_MODELLED}")


def _expect_address(found: int, declared: str, what: str) -> None:
    if found != int(declared, 16):
        raise DataError(
            f"the {what} is {found:#042x}, but {declared} was declared: {_CORRECT}, or find out "
            "who changed it"
        )
