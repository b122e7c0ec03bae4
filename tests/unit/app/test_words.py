from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.app.numbers import count, moment, money, number, percent, quantity, short, signed, span
from trimtab.app.parts import Bounds, LeastBalance, LeastHealth, TokenName
from trimtab.app.recorded import Measure, Token
from trimtab.app.recorded_actions import (
    Delegate,
    EnterLoop,
    LeaveLoop,
    Supply,
    Swap,
    Withdraw,
)
from trimtab.app.words import Lexicon

USDC, WETH, LENDER = "0xUSDC", "0xWETH", "aave_v3:1:0xLENDER"
WORDS = Lexicon(
    USDC,
    {
        USDC: Token(symbol="USDC", decimals=6),
        WETH: Token(symbol="WETH", decimals=18),
    },
    {"uniswap_v3:1:0xPOOL": "uniswap_v3:WETH/USDC/500", LENDER: "aave_v3"},
)


def name(address: str) -> TokenName:
    return TokenName(chain=1, address=address)


@pytest.mark.parametrize(
    "value, places, expected",
    [
        (Fraction(0), 2, "0.00"),
        (Fraction(-123_456_789, 1000), 2, "-123,456.79"),
        (Fraction(1, 1000), 2, "0.00"),
        (Fraction(-1, 1000), 2, "0.00"),
        (Fraction(5, 1000), 2, "0.00"),
        (Fraction(15, 1000), 2, "0.02"),
        (10**40, 0, "10," + ",".join(["000"] * 13)),
        (Fraction(3, 10), 1, "0.3"),
    ],
)
def test_number__any_value__rounded_half_to_even(
    value: Fraction, places: int, expected: str
) -> None:
    assert number(value, places) == expected


@given(st.integers(-(10**40), 10**40), st.integers(0, 18))
def test_number__exact_decimal__loses_nothing(raw: int, places: int) -> None:
    text = number(Fraction(raw, 10**places), places)
    assert Fraction(text.replace(",", "")) == Fraction(raw, 10**places)


@pytest.mark.parametrize(
    "value, most, expected",
    [
        (Fraction(1), 18, "1.00"),
        (Fraction(12_345_678, 1000), 18, "12,345.68"),
        (Fraction(123_456_789, 10**7), 18, "12.3457"),
        (Fraction(1, 10**6), 6, "0.000001"),
        (Fraction(1, 10**18), 18, "0.000000000000000001"),
        (Fraction(123_456_789, 10**12), 18, "0.000123457"),
        (Fraction(7), 0, "7"),
    ],
)
def test_quantity__any_value__six_digits(value: Fraction, most: int, expected: str) -> None:
    assert quantity(value, most) == expected


@pytest.mark.parametrize(
    "value, expected",
    [
        (Fraction(0), "0.00"),
        (Fraction(-2_002_184, 1000), "-2,002.18"),
        (Fraction(47, 100_000), "0.00047"),
        (Fraction(1, 10**6), "0.000001"),
        (Fraction(-23, 10**16), "0.000000"),
        (Fraction(30, 100) + Fraction(4, 10**17), "0.30"),
    ],
)
def test_money__any_value__as_people_read_it(value: Fraction, expected: str) -> None:
    assert money(value) == expected


def test_signed__each_sign__in_front() -> None:
    assert [signed(text) for text in ("1.00 USDC", "-1.00 USDC", "0.00 USDC")] == [
        "+1.00 USDC",
        "-1.00 USDC",
        "0.00 USDC",
    ]


def test_percent__share__exact_or_float() -> None:
    assert (percent(Fraction(1, 3)), percent(0.4, 0), percent(Fraction(-1, 200))) == (
        "33.33%",
        "40%",
        "-0.50%",
    )


@pytest.mark.parametrize(
    "seconds, expected",
    [(0, "0 s"), (59, "59 s"), (3_600, "1 h"), (93_784, "1 d 2 h"), (61, "1 min 1 s")],
)
def test_span__seconds__two_largest_units(seconds: int, expected: str) -> None:
    assert span(seconds) == expected


def test_moment__timestamp__utc() -> None:
    assert moment(1_700_000_000) == "2023-11-14 22:13:20 UTC"


def test_short__hash_and_name__ends_only_of_the_long_one() -> None:
    assert (short("0x" + "ab" * 32), short("wallet")) == ("0xabab…abab", "wallet")


def test_count__one_and_many__plural() -> None:
    assert (count(1, "block"), count(1_200, "block")) == ("1 block", "1,200 blocks")


def test_amount__known_token__its_own_decimals() -> None:
    assert WORDS.amount(WETH, 1_500_000_000_000_000_000) == "1.50 WETH"
    assert WORDS.worth(Fraction(1_234_560_000)) == "1,234.56 USDC"


def test_amount__token_without_decimals__said_in_base_units() -> None:
    assert WORDS.amount("0x" + "1" * 40, 1_000) == "1,000 base units of 0x1111…1111"


@pytest.mark.parametrize(
    "key, expected",
    [
        (f"erc20:1:{WETH}/{WETH}/long", "WETH in the account"),
        (f"{LENDER}/{USDC}/long", "USDC lent at aave_v3"),
        (f"{LENDER}/{USDC}/debt", "USDC owed at aave_v3"),
        (f"aave_v3:1:0x{'2' * 40}/{USDC}/long", "USDC lent at aave_v3 0x2222…2222"),
    ],
)
def test_place__each_kind__told_apart(key: str, expected: str) -> None:
    assert WORDS.place(key) == expected


def test_action__each_move__in_human_units() -> None:
    swap = Swap(
        market="uniswap_v3:1:0xPOOL",
        token_in=name(WETH),
        token_out=name(USDC),
        amount_in=2 * 10**18,
        min_out=3_990_000_000,
    )
    lend = Supply(market=LENDER, token=name(USDC), amount=1_000_000)
    back = Withdraw(market=LENDER, token=name(WETH), amount="all")
    assert [WORDS.action(each) for each in (swap, lend, back)] == [
        "sell 2.00 WETH for at least 3,990.00 USDC in uniswap_v3:WETH/USDC/500",
        "lend 1.00 USDC at aave_v3",
        "take back all WETH from aave_v3",
    ]


@pytest.mark.parametrize(
    "limit, measured, expected",
    [
        ("cap token:WETH", Fraction(1, 3), "33.33%"),
        ("state age", Fraction(7_200), "2 h"),
        ("max equity", Fraction(5_000_000), "5.00 USDC"),
    ],
)
def test_limit__each_kind__in_its_own_unit(limit: str, measured: Fraction, expected: str) -> None:
    told = WORDS.limit(Measure(limit=limit, measured=measured, allowed=measured))
    assert told == (limit, expected, expected)


def test_named__addresses_in_a_reason__tokens_and_markets_by_name() -> None:
    said = "the balance of 0xSAFE in 0xWETH is 4; at 0xLENDER and aave_v3:1:0xLENDER; 0xOTHER"
    told = "the balance of 0xSAFE in WETH is 4; at aave_v3 and aave_v3; 0xOTHER"
    assert WORDS.named(said) == told


def test_bounds__balances_and_healths__as_people_count_them() -> None:
    bounds = Bounds(
        deadline=7,
        balances=(LeastBalance(token=name(WETH), account="0xSAFE", least=15 * 10**17),),
        healths=(LeastHealth(pool="0xLENDER", account="0xSAFE", least=13 * 10**17),),
    )
    least = ("1.50 WETH in the account", "a health factor of 1.30 at aave_v3")
    assert WORDS.bounds(bounds) == least
    assert WORDS.bounds(Bounds(deadline=7, balances=(), healths=())) == ()


def test_action__loops__told_by_what_is_owed_and_lent() -> None:
    weth, usdc, at, loan, raw = name(WETH), name(USDC), "flash_loop:1:0xLOOP", 2 * 10**6, 10**18
    enter = EnterLoop(market=at, pool=LENDER, collateral=weth, debt=usdc, loan=loan, least=raw)
    leave = LeaveLoop(market=at, pool=LENDER, collateral=weth, debt=usdc, loan=loan, most=raw)
    assert WORDS.action(enter) == (
        "borrow 2.00 USDC and lend at least 1.00 WETH for it at aave_v3, by a flash loan"
    )
    assert WORDS.action(leave) == (
        "pay back 2.00 USDC for at most 1.00 WETH lent at aave_v3, by a flash loan"
    )
    given = Delegate(market=LENDER, token=name(USDC), to="0xLOOP", amount=10**6)
    assert WORDS.action(given).endswith("to borrow 1.00 USDC at aave_v3")
