from dataclasses import dataclass, field, replace

import pytest

from tests.unit.core.test_token import USDC
from trimtab.core.bounds import (
    BalanceTooLow,
    Bounds,
    Broken,
    HealthTooLow,
    Late,
    LeastBalance,
    LeastHealth,
    Unanswered,
)
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token

ACCOUNT, POOL = Address("0x" + "a" * 40), Address("0x" + "b" * 40)
WETH = Token(1, Address("0x" + "c" * 40), 18, "WETH")
BOUNDS = Bounds(
    Timestamp(100),
    (LeastBalance(USDC, ACCOUNT, 5), LeastBalance(WETH, ACCOUNT, 7)),
    (LeastHealth(POOL, ACCOUNT, 10**18),),
)


@dataclass(frozen=True)
class Told:
    """What is answered; what is not named is not."""

    balances: dict[Token, int] = field(default_factory=lambda: {USDC: 5, WETH: 7})
    healths: dict[Address, int] = field(default_factory=lambda: {POOL: 10**18})

    def balance(self, token: Token, account: Address) -> int | None:
        return self.balances.get(token) if account == ACCOUNT else None

    def health_factor(self, pool: Address, account: Address) -> int | None:
        return self.healths.get(pool) if account == ACCOUNT else None


@pytest.mark.parametrize(
    "at, told, expected",
    [
        (100, Told(), None),
        (101, Told(), Late(101, 100)),
        (101, Told(balances={}), Late(101, 100)),
        (100, Told(balances={USDC: 4, WETH: 7}), BalanceTooLow(USDC.address, ACCOUNT, 4, 5)),
        (100, Told(balances={USDC: 6, WETH: 6}), BalanceTooLow(WETH.address, ACCOUNT, 6, 7)),
        (100, Told(balances={USDC: 0, WETH: 0}), BalanceTooLow(USDC.address, ACCOUNT, 0, 5)),
        (100, Told(balances={USDC: 5}), Unanswered(WETH.address, ACCOUNT)),
        (
            100,
            Told(healths={POOL: 10**18 - 1}),
            HealthTooLow(POOL, ACCOUNT, 10**18 - 1, 10**18),
        ),
        (100, Told(healths={}), Unanswered(POOL, ACCOUNT)),
        (100, Told({USDC: 0}, {}), BalanceTooLow(USDC.address, ACCOUNT, 0, 5)),
    ],
)
def test_broken_by__answers__the_first_bound_that_does_not_hold(
    at: int, told: Told, expected: Broken | None
) -> None:
    assert BOUNDS.broken_by(Timestamp(at), told) == expected


def test_broken_by__bound_of_nothing__still_asks() -> None:
    nothing = Bounds(Timestamp(100), (LeastBalance(USDC, POOL, 0),))
    assert nothing.broken_by(Timestamp(1), Told()) == Unanswered(USDC.address, POOL)


@pytest.mark.parametrize(
    "broken, words",
    [
        (Late(101, 100), "the deadline 100 is over: the block is of 101"),
        (
            BalanceTooLow(WETH.address, ACCOUNT, 6, 7),
            f"the balance of {ACCOUNT} in {WETH.address} is 6 base units: at least 7 must be left",
        ),
        (
            HealthTooLow(POOL, ACCOUNT, 9, 10),
            " ".join(
                (
                    f"the health factor of {ACCOUNT} at {POOL} is 9 / 10**18:",
                    "at least 10 / 10**18 must be left",
                )
            ),
        ),
        (Unanswered(POOL, ACCOUNT), f"{POOL} does not tell what {ACCOUNT} has there"),
    ],
)
def test_words__each_kind__names_what_was_measured_and_allowed(broken: Broken, words: str) -> None:
    assert broken.words == words


def test_bounds__no_more_than_a_deadline__kept_until_then() -> None:
    bare = replace(BOUNDS, balances=(), healths=())
    assert bare.broken_by(Timestamp(100), Told({}, {})) is None
    assert bare.broken_by(Timestamp(101), Told({}, {})) == Late(101, 100)
