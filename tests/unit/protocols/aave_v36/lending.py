"""Two reserves of a pool and their states, without a chain: what unit tests turn about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trimtab.core.abi import Answer, word
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Head, MarketId, State, token_market
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token, address
from trimtab.protocols.aave_v36 import (
    AccountState,
    EfficiencyCategory,
    LendingPool36,
    LendingState,
    RateCurve,
    Reserve,
    ReserveState,
)
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration

NOW = Timestamp(1_700_000_000)
YEAR = 365 * 24 * 3600
RAY = 10**27
DOLLAR = 10**8


def account(number: int) -> Address:
    """An address that is easy to tell."""
    return address(f"0x{number:040x}")


OWNER, OTHER, TREASURY, OPERATOR = (account(number) for number in (1, 2, 3, 4))
DOLLARS = Token(1, account(16), 6, "USD")
ETHER = Token(1, account(17), 18, "ETH")
FEEDS = {
    token: MarketId(f"chainlink:1:{account(32 + n)}") for n, token in enumerate((DOLLARS, ETHER))
}
RESERVES = tuple(
    Reserve(token, account(48 + number), account(64 + number), FEEDS[token], number)
    for number, token in enumerate((DOLLARS, ETHER))
)
POOL = LendingPool36(
    1,
    account(80),
    "the pool",
    account(81),
    account(82),
    account(83),
    RESERVES,
    categories=(1,),
    operators=(OPERATOR,),
)
CATEGORY = EfficiencyCategory(Bps(9_000), Bps(9_300), Bps(10_100), 0b10, 0b11, 0)
CURVE = RateCurve(Bps(8_000), Bps(100), Bps(400), Bps(6_000))
IN_USE, BORROWABLE, FLASH = 1 << 56, 1 << 58, 1 << 63


def settings(decimals: int, *, cap: int = 0) -> int:
    """The word of a reserve: loan-to-value 75 %, threshold 80 %, bonus 5 %, a tenth kept."""
    limits = 7_500 | 8_000 << 16 | 10_500 << 32 | decimals << 48
    return limits | IN_USE | BORROWABLE | FLASH | 1_000 << 64 | cap << 116


def reserve_state(reserve: Reserve, **changed: object) -> ReserveState:
    """A reserve of 1,000,000 scaled units of supply, half of them lent, at indices of one."""
    made = ReserveState(
        reserve=reserve,
        configuration=ReserveConfiguration(settings(reserve.token.decimals)),
        curve=CURVE,
        treasury=TREASURY,
        liquidity_index=Ray(RAY),
        liquidity_rate=Ray(0),
        variable_borrow_index=Ray(RAY),
        variable_borrow_rate=Ray(0),
        last_update=NOW,
        accrued_to_treasury=0,
        scaled_supply=10**6,
        scaled_variable_debt=5 * 10**5,
        virtual_balance=5 * 10**5,
        deficit=0,
        isolated_debt=0,
        grace_until=Timestamp(0),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def position(
    supplies: Mapping[Token, int], debts: Mapping[Token, int], *, category: int = 0
) -> AccountState:
    """An account that uses all that it supplied as collateral."""
    bits = sum(
        (bool(debts.get(r.token)) + 2 * bool(supplies.get(r.token))) << 2 * r.id for r in RESERVES
    )
    tokens = (DOLLARS, ETHER)
    return AccountState(
        bits,
        category,
        {token: supplies.get(token, 0) for token in tokens},
        {token: debts.get(token, 0) for token in tokens},
        {(token, to): 0 for token in tokens for to in (OTHER, OPERATOR)},
        {(token, OPERATOR): 0 for token in tokens},
    )


def lending_state(
    *reserves: ReserveState, owner: AccountState | None = None, **others: AccountState
) -> LendingState:
    """The pool with these reserves, or as they are made, and its owner."""
    known = {each.reserve.token: each for each in map(reserve_state, RESERVES)}
    known |= {each.reserve.token: each for each in reserves}
    accounts = {OWNER: owner or position({}, {})}
    accounts |= {address(name): each for name, each in others.items()}
    return LendingState(NOW, Bps(5), known, {1: CATEGORY}, accounts)


def states(lending: LendingState, *, wallet: int = 10**24, ether: int = 2_000 * DOLLAR) -> States:
    """The pool, its tokens and prices; everybody has and may be taken so much of each token."""
    held: dict[MarketId, State] = {POOL.id: lending}
    for reserve in RESERVES:
        balances = dict.fromkeys((OWNER, OTHER, reserve.a_token), wallet)
        allowed = {(each, POOL.address): wallet for each in (OWNER, OTHER)}
        token = reserve.token
        held[token_market(token)] = Erc20State(NOW, token, balances, allowed)
    for token, answer in ((DOLLARS, DOLLAR), (ETHER, ether)):
        held[FEEDS[token]] = FeedState(NOW, answer, NOW, 1)
    return States(1, {1: Head(1, 1, "0x1", NOW)}, {POOL.id: POOL}, held)


# ------------------------------------------------------------------------------------ answers


def question(
    known: LendingState | None = None, pool: LendingPool36 = POOL
) -> Question[LendingState]:
    """What is asked for two owners."""
    return Question(pool, Accounts((OWNER, OTHER)), Head(1, 1, "0x1", NOW), known)


def governed(**changed: int) -> list[Answer]:
    """The answers about what governance set; those changed, by name, say something else."""
    said = {
        "provider": int(POOL.addresses_provider, 16),
        "strategy": int(POOL.rate_strategy, 16),
        "oracle": int(POOL.oracle, 16),
        "sentinel": 0,
        "currency": 0,
        "unit": DOLLAR,
        "fallback": 0,
    }
    answers = [said_by(value) for value in (said | changed).values()]
    for reserve in RESERVES:
        source = int(reserve.feed.rsplit(":", 1)[1], 16)
        answers += [said_by(source), said_by(8_000, 100, 400, 6_000), said_by(int(TREASURY, 16))]
    return answers


def limits() -> list[Answer]:
    """The answers about the premium and the category."""
    return [said_by(5), said_by(9_000, 9_300, 10_100), said_by(0b10), said_by(0b11), said_by(0)]


def totals(number: int, **changed: int) -> list[Answer]:
    """The answers about a reserve."""
    reserve = RESERVES[number]
    data = {
        "configuration": settings(reserve.token.decimals),
        "liquidity_index": RAY,
        "liquidity_rate": 1,
        "borrow_index": RAY,
        "borrow_rate": 2,
        "stable_rate": 0,
        "last_update": NOW,
        "id": number,
        "a_token": int(reserve.a_token, 16),
        "stable_debt_token": 0,
        "debt_token": int(reserve.variable_debt_token, 16),
        "strategy": int(POOL.rate_strategy, 16),
        "accrued": 3,
        "unbacked": 0,
        "isolated": 4,
    }
    return [said_by(*(data | changed).values()), *(said_by(each) for each in (5, 6, 7, 8, 9))]


def positions(bits: int = 0, category: int = 0) -> list[Answer]:
    """The answers about an account, each amount another one."""
    return [said_by(bits), said_by(category), *(said_by(each) for each in range(10, 20))]


def whole(*, first: Sequence[Answer] | None = None) -> list[Answer]:
    """Every answer where nothing is known."""
    answers = [*governed(), *limits(), *totals(0), *totals(1)]
    return [*answers, *(positions() if first is None else first), *positions()]


def said_by(*values: int) -> Answer:
    """An answer of these words."""
    return Answer(True, b"".join(map(word, values)))
