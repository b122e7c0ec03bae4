from fractions import Fraction
from typing import Any

import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Amount, Token, address, address_from_bytes

CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
USDC = Token(1, Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), 6, "USDC")
WETH = Token(1, Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"), 18, "WETH")


@pytest.mark.parametrize("text", [CHECKSUMMED, CHECKSUMMED.lower(), "0x" + CHECKSUMMED[2:].upper()])
def test_address__right_or_no_checksum__checksummed(text: str) -> None:
    assert address(text) == CHECKSUMMED


def test_address__wrong_checksum__refused_with_the_right_spelling() -> None:
    with pytest.raises(ConfigError, match=CHECKSUMMED):
        address(CHECKSUMMED.replace("aA", "Aa"))


@pytest.mark.parametrize("text", ["", "0x", "5aAe", CHECKSUMMED[:-1], CHECKSUMMED[:-1] + "g"])
def test_address__no_forty_digits__refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an address: expected 0x and 40"):
        address(text)


def test_address_from_bytes__word__its_last_twenty_bytes() -> None:
    word = bytes(12) + bytes.fromhex(CHECKSUMMED[2:])
    assert address_from_bytes(word) == CHECKSUMMED


def test_token__same_address_with_another_symbol__equal() -> None:
    assert Token(1, USDC.address, 18, "FAKE") == USDC


def test_token__same_address_on_another_chain__differs() -> None:
    assert Token(10, USDC.address, 6, "USDC") != USDC


@pytest.mark.parametrize("raw", [1.0, True, Fraction(1), "1", None])
def test_amount__anything_but_an_integer__refused(raw: Any) -> None:
    with pytest.raises(TypeError, match="holds whole base units"):
        Amount(USDC, raw)


def test_amount__sum_and_difference__exact() -> None:
    assert USDC.amount(2**200) + USDC.amount(1) - USDC.amount(2) == USDC.amount(2**200 - 1)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_amount__with_another_token__refused(operation: str) -> None:
    with pytest.raises(TypeError, match="amounts of different tokens"):
        getattr(USDC.amount(1), operation)(WETH.amount(1))


@pytest.mark.parametrize("factor", [2, 2.0, Fraction(1, 2)])
def test_amount__times_anything__not_defined(factor: Any) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        USDC.amount(1) * factor


def test_amount__compared__by_base_units() -> None:
    assert -USDC.amount(2) < USDC.amount(-1) <= USDC.amount(-1) < USDC.amount(0)


@pytest.mark.parametrize(
    "raw, text",
    [
        (0, "0 USDC"),
        (1, "0.000001 USDC"),
        (1_500_000, "1.5 USDC"),
        (-1, "-0.000001 USDC"),
        (1_234_567_890_000, "1,234,567.89 USDC"),
    ],
)
def test_amount__as_text__whole_tokens_without_trailing_zeros(raw: int, text: str) -> None:
    assert str(USDC.amount(raw)) == text


def test_amount__token_without_decimals__as_text() -> None:
    assert str(Token(1, USDC.address, 0, "NFT").amount(12)) == "12 NFT"
