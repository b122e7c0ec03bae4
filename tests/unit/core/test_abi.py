import pytest

from tests.unit.core.test_token import USDC
from trimtab.core.abi import (
    UINT256_MAX,
    Answer,
    Log,
    call_data,
    log_words,
    selector,
    signed,
    topic,
    topic_address,
    word,
    words,
)
from trimtab.core.errors import MissingRead


def test_selector__transfer__as_every_token_has_it() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"


def test_topic__transfer__as_every_token_logs_it() -> None:
    assert topic("Transfer(address,address,uint256)").hex().startswith("ddf252ad1be2c89b")


@pytest.mark.parametrize("value", [0, 1, -1, UINT256_MAX, 2**255 - 1, -(2**255)])
def test_word__integer__two_complement_of_256_bits(value: int) -> None:
    assert word(value) == (value % 2**256).to_bytes(32, "big")


@pytest.mark.parametrize("value", [UINT256_MAX + 1, -(2**255) - 1])
def test_word__too_large__refused_rather_than_cut(value: int) -> None:
    with pytest.raises(ValueError, match="does not fit into a word"):
        word(value)


def test_call_data__address_and_amount__in_line() -> None:
    data = call_data("transfer(address,uint256)", USDC.address, 5)
    expected = "a9059cbb" + "0" * 24 + USDC.address[2:].lower() + f"{5:064x}"
    assert data.hex() == expected


def test_words__answer__unsigned_integers() -> None:
    assert words(Answer(True, word(7) + word(-1) + b"more"), 2, "it") == (7, UINT256_MAX)


def test_words__revert__names_what_was_asked() -> None:
    with pytest.raises(MissingRead, match="slot0 of pool reverted: is the address"):
        words(Answer(False, word(7)), 1, "slot0 of pool")


def test_words__short_answer__says_how_long_it_was() -> None:
    with pytest.raises(MissingRead, match="answered 31 bytes, expected 32"):
        words(Answer(True, bytes(31)), 1, "it")


@pytest.mark.parametrize("value, bits", [(-1, 24), (0, 24), (2**23 - 1, 24), (-(2**255), 256)])
def test_signed__word__what_it_was_made_of(value: int, bits: int) -> None:
    assert signed(int.from_bytes(word(value), "big"), bits) == value


def test_log__words_and_indexed_address__read_back() -> None:
    log = Log(USDC.address, (b"", word(USDC.address)), word(1) + word(2), 1, 1, "0x", 0)
    assert (log_words(log), topic_address(log, 1)) == ((1, 2), USDC.address)
