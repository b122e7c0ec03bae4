"""How the answers of a pool, its tokens and its oracle become the pool's state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trimtab.core.abi import Answer, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.protocols.aave_v36.market import (
    AccountState,
    EfficiencyCategory,
    LendingPool36,
    LendingState,
    RateCurve,
    Reserve,
    ReserveState,
)
from trimtab.protocols.aave_v36.reads import delegates
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration

_BASE_CURRENCY_UNIT = 10**8
_NOT_MODELLED = "trimtab does not model that: leave it out"
_CORRECT = "correct the declaration of the pool"


@dataclass(frozen=True, slots=True)
class _Governed:
    """What only governance changes."""

    curves: Mapping[Token, RateCurve]
    treasuries: Mapping[Token, Address]


def decode(
    pool: LendingPool36, question: Question[LendingState], answers: Sequence[Answer]
) -> LendingState:
    """The pool's state from the answers of round 0.

    Raises DataError where the chain contradicts the pool's declaration, and for an account that
    uses what is not declared or a pool that has what is not modelled.
    """
    given = _given(pool, answers)
    governed = _known(question.known) if question.known else _governed(pool, given)
    (premium,) = words(next(given), 1, f"the flash loan premium of {pool.name}")
    categories = {number: _category(pool, number, given) for number in pool.categories}
    reserves = [_reserve_state(pool, reserve, governed, given) for reserve in pool.reserves]
    reserves.sort(key=lambda state: state.reserve.id)
    owners = question.accounts.owners
    return LendingState(
        timestamp=question.head.timestamp,
        flash_loan_premium=Bps(premium),
        reserves={state.reserve.token: state for state in reserves},
        categories=categories,
        accounts={owner: _account_state(pool, owner, owners, given) for owner in owners},
    )


def _given(pool: LendingPool36, answers: Sequence[Answer]) -> Iterator[Answer]:
    """The answers in turn; then there are none, whoever asks for more."""
    yield from answers
    raise MissingRead(f"{pool.name} gave {len(answers)} answers, fewer than it was asked for")


# ---------------------------------------------------------------------------------- governance


def _known(state: LendingState) -> _Governed:
    return _Governed(
        {token: reserve.curve for token, reserve in state.reserves.items()},
        {token: reserve.treasury for token, reserve in state.reserves.items()},
    )


def _governed(pool: LendingPool36, given: Iterator[Answer]) -> _Governed:
    """What governance set, after it was compared with the declaration."""
    provider, strategy, oracle, sentinel, currency, unit, fallback = (
        words(next(given), 1, f"what governs {pool.name}")[0] for _ in range(7)
    )
    _expect_address(provider, pool.addresses_provider, f"addresses provider of {pool.name}")
    _expect_address(strategy, pool.rate_strategy, f"rate strategy of {pool.name}")
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
    curves, treasuries = {}, {}
    for reserve in pool.reserves:
        name = f"{reserve.token.symbol} in {pool.name}"
        (source,) = words(next(given), 1, f"getSourceOfAsset of {name}")
        _expect_address(source, reserve.feed.rsplit(":", 1)[1], f"price feed of {name}")
        curve = words(next(given), 4, f"the rate curve of {name}")
        curves[reserve.token] = RateCurve(*map(Bps, curve))
        answer = next(given)
        words(answer, 1, f"the treasury of {name}")
        treasuries[reserve.token] = address_from_bytes(answer.data[:32])
    return _Governed(curves, treasuries)


def _category(pool: LendingPool36, number: int, given: Iterator[Answer]) -> EfficiencyCategory:
    what = f"efficiency mode category {number} of {pool.name}"
    limits = words(next(given), 3, what)
    bitmaps = [words(next(given), 1, what)[0] for _ in range(3)]
    return EfficiencyCategory(*map(Bps, limits), *bitmaps)


# ------------------------------------------------------------------------- reserves and accounts


def _reserve_state(
    pool: LendingPool36, reserve: Reserve, governed: _Governed, given: Iterator[Answer]
) -> ReserveState:
    name = f"{reserve.token.symbol} in {pool.name}"
    data = words(next(given), 15, f"getReserveData of {name}")
    virtual_balance, deficit, grace_until, scaled_supply, scaled_debt = (
        words(next(given), 1, f"a total of {name}")[0] for _ in range(5)
    )
    configuration = ReserveConfiguration(data[0])
    _check_identity(reserve, configuration, data, name)
    return ReserveState(
        reserve=reserve,
        configuration=configuration,
        curve=governed.curves[reserve.token],
        treasury=governed.treasuries[reserve.token],
        liquidity_index=Ray(data[1]),
        liquidity_rate=Ray(data[2]),
        variable_borrow_index=Ray(data[3]),
        variable_borrow_rate=Ray(data[4]),
        last_update=Timestamp(data[6]),
        accrued_to_treasury=data[12],
        scaled_supply=scaled_supply,
        scaled_variable_debt=scaled_debt,
        virtual_balance=virtual_balance,
        deficit=deficit,
        isolated_debt=data[14],
        grace_until=Timestamp(grace_until),
    )


def _account_state(
    pool: LendingPool36, owner: Address, owners: Sequence[Address], given: Iterator[Answer]
) -> AccountState:
    what = f"the position of {owner} in {pool.name}"
    (configuration,) = words(next(given), 1, what)
    (category,) = words(next(given), 1, what)
    if category and category not in pool.categories:
        raise DataError(
            f"{what} is in efficiency mode {category}, which is not declared: declare it, or its "
            "health cannot be known"
        )
    declared = sum(3 << (2 * reserve.id) for reserve in pool.reserves)
    if configuration & ~declared:
        raise DataError(
            f"{what} uses reserves that are not declared (configuration {configuration:#x}): "
            "declare all reserves that the account uses, or its health cannot be known"
        )
    supplies, debts, delegated, allowed = {}, {}, {}, {}
    for reserve in pool.reserves:
        (supplies[reserve.token],) = words(next(given), 1, what)
        (debts[reserve.token],) = words(next(given), 1, what)
        for to in delegates(pool, owner, owners):
            (delegated[reserve.token, to],) = words(next(given), 1, what)
        for spender in pool.operators:
            (allowed[reserve.token, spender],) = words(next(given), 1, what)
    return AccountState(configuration, category, supplies, debts, delegated, allowed)


# ------------------------------------------------------------------------------------ refusing


def _check_identity(
    reserve: Reserve, configuration: ReserveConfiguration, data: tuple[int, ...], name: str
) -> None:
    _expect_address(data[8], reserve.a_token, f"aToken of {name}")
    _expect_address(data[10], reserve.variable_debt_token, f"variable debt token of {name}")
    if data[7] != reserve.id:
        raise DataError(f"{name} has the id {data[7]}, not {reserve.id}: {_CORRECT}")
    if configuration.decimals != reserve.token.decimals:
        raise DataError(
            f"{name} has {configuration.decimals} decimals, but the token was declared with "
            f"{reserve.token.decimals}: amounts would be wrong by powers of ten; {_CORRECT}"
        )


def _expect_address(found: int, declared: str, what: str) -> None:
    if found != int(declared, 16):
        raise DataError(
            f"the {what} is {found:#042x}, but {declared} was declared: {_CORRECT}, or find out "
            "who changed it"
        )
