"""How the answers to what is asked of a pool become its state, and what is refused in them."""

from collections.abc import Iterator, Sequence

from trimtab.core.abi import Answer, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, address_from_bytes
from trimtab.protocols.aave_v3.market import (
    AccountState,
    CategorySource,
    EfficiencyCategory,
    LendingPool,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveState,
)
from trimtab.protocols.aave_v3.reads import CURVE_GETTERS, trusted
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration

_BASE_CURRENCY_UNIT = 10**8
_NOT_MODELLED = "trimtab does not model that: leave it out"
_CORRECT = "correct the declaration of the pool"


def decode(
    pool: LendingPool, question: Question[LendingState], answers: Sequence[Answer]
) -> LendingState:
    """The pool's state from the answers of round 0.

    Raises DataError where the chain contradicts the pool's declaration, and for a reserve or an
    account that uses what is not modelled.
    """
    given, known = iter(answers), question.known
    if known is None:
        _check_governance(pool, given)
        settled = [_settled(pool, reserve, given) for reserve in pool.reserves]
    else:
        settled = [
            (known.reserve(reserve.token).strategy, known.reserve(reserve.token).treasury)
            for reserve in pool.reserves
        ]
    premium, to_protocol = (Bps(_number(given, f"the premium of {pool.name}")) for _ in range(2))
    categories = {each.id: _category(pool, each, given) for each in pool.categories}
    reserves = [
        _reserve_state(pool, reserve, *settings, given)
        for reserve, settings in zip(pool.reserves, settled, strict=True)
    ]
    reserves.sort(key=lambda state: state.reserve.id)
    accounts = question.accounts
    return LendingState(
        timestamp=question.head.timestamp,
        reserves={state.reserve.token: state for state in reserves},
        accounts={
            owner: _account_state(pool, owner, trusted(pool, accounts, owner), given)
            for owner in accounts.owners
        },
        categories=categories,
        flash_loan_premium=premium,
        premium_to_protocol=to_protocol,
    )


def _number(given: Iterator[Answer], what: str) -> int:
    return words(next(given), 1, what)[0]


def _check_governance(pool: LendingPool, given: Iterator[Answer]) -> None:
    """Compare what governance set for the whole pool with the declaration."""
    what = f"the addresses provider or the oracle of {pool.name}"
    provider, oracle, sentinel, currency, unit, fallback = (_number(given, what) for _ in range(6))
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
    if pool.acl_manager is not None:
        manager = _number(given, f"the ACL manager of {pool.name}")
        _expect_address(manager, pool.acl_manager, f"ACL manager of {pool.name}")
    for category in pool.categories:
        name = f"category {category.id} of {pool.name}"
        source = _number(given, f"the price source of {name}")
        if category.feed is not None:
            _expect_address(source, _address_of(category.feed), f"price feed of {name}")


def _address_of(feed: str) -> str:
    return feed.rsplit(":", 1)[1]


def _settled(
    pool: LendingPool, reserve: Reserve, given: Iterator[Answer]
) -> tuple[RateStrategy, Address]:
    """The rate curve and the treasury of a reserve, after its price feed was compared."""
    name = f"{reserve.token.symbol} in {pool.name}"
    source = _number(given, f"getSourceOfAsset of {name}")
    _expect_address(source, _address_of(reserve.feed), f"price feed of {name}")
    what = f"the rate strategy of {name}"
    strategy = RateStrategy(*(Ray(_number(given, what)) for _ in CURVE_GETTERS))
    treasury = _number(given, f"the treasury of {name}")
    if pool.acl_manager is not None and _number(given, f"a role of the aToken of {name}"):
        raise DataError(f"the aToken of {name} may switch isolated collateral on: {_NOT_MODELLED}")
    return strategy, address_from_bytes(word(treasury))


def _category(
    pool: LendingPool, source: CategorySource, given: Iterator[Answer]
) -> EfficiencyCategory:
    """The category's limits, after its price source was compared with the declaration."""
    name = f"category {source.id} of {pool.name}"
    _, ltv, threshold, bonus, price_source = words(next(given), 5, f"the {name}")
    if threshold:
        _expect_address(price_source, source.price_source, f"price source of {name}")
    if (source.feed is None) != (source.price_source == ZERO_ADDRESS):
        raise DataError(f"{name} is declared with a price source or a feed alone: {_CORRECT}")
    return EfficiencyCategory(source, Bps(ltv), Bps(threshold), Bps(bonus))


def _reserve_state(
    pool: LendingPool,
    reserve: Reserve,
    strategy: RateStrategy,
    treasury: Address,
    given: Iterator[Answer],
) -> ReserveState:
    name = f"{reserve.token.symbol} in {pool.name}"
    data = words(next(given), 15, f"getReserveData of {name}")
    scaled_supply, scaled_debt, stable_debt = (
        _number(given, f"a total supply of {name}") for _ in range(3)
    )
    configuration = ReserveConfiguration(data[0])
    _check_identity(reserve, configuration, data, name)
    _check_modelled(stable_debt, data[13], name)
    _check_declared(pool, configuration, name)
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
        isolated_debt=data[14],
        treasury=treasury,
    )


def _account_state(
    pool: LendingPool, owner: Address, near: tuple[Address, ...], given: Iterator[Answer]
) -> AccountState:
    what = f"the position of {owner} in {pool.name}"
    configuration, category = _number(given, what), _number(given, what)
    role = pool.acl_manager is not None and _number(given, what) != 0
    if category and category not in {each.id for each in pool.categories}:
        raise DataError(
            f"{what} is in efficiency mode {category}, which is not declared: declare the "
            "category, or its health cannot be known"
        )
    declared = sum(3 << (2 * reserve.id) for reserve in pool.reserves)
    if configuration & ~declared:
        raise DataError(
            f"{what} uses reserves that are not declared (configuration {configuration:#x}): "
            "declare all reserves that the account uses, or its health cannot be known"
        )
    supplies, debts, delegated, allowed = {}, {}, {}, {}
    for reserve in pool.reserves:
        token = reserve.token
        supplies[token], debts[token] = _number(given, what), _number(given, what)
        for to in near:
            delegated[token, to], allowed[token, to] = _number(given, what), _number(given, what)
    return AccountState(configuration, supplies, debts, category, delegated, allowed, role)


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


def _check_modelled(stable_debt: int, unbacked: int, name: str) -> None:
    found = [
        words_for
        for words_for, is_so in (
            (f"has stable debt ({stable_debt} base units)", stable_debt),
            (f"has unbacked aTokens ({unbacked} base units)", unbacked),
        )
        if is_so
    ]
    if found:
        raise DataError(f"{name} {', and '.join(found)}: {_NOT_MODELLED}")


def _check_declared(pool: LendingPool, configuration: ReserveConfiguration, name: str) -> None:
    """Refuse a reserve whose rules depend on what the pool's declaration leaves out."""
    category = configuration.efficiency_category
    if category and category not in {each.id for each in pool.categories}:
        raise DataError(
            f"{name} is in the efficiency mode category {category}, which is not declared: "
            f"{_CORRECT}"
        )
    if configuration.debt_ceiling and pool.acl_manager is None:
        raise DataError(
            f"{name} has a debt ceiling, and no ACL manager is declared, which tells who "
            f"switches it on as collateral: {_CORRECT}"
        )


def _expect_address(found: int, declared: str, what: str) -> None:
    if found != int(declared, 16):
        raise DataError(
            f"the {what} is {found:#042x}, but {declared} was declared: {_CORRECT}, or find out "
            "who changed it"
        )
