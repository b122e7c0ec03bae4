from fractions import Fraction

import pytest

from tests.unit.mandate.examples import MANDATE, complaint, with_change
from trimtab.core.errors import ConfigError
from trimtab.mandate import parse_mandate
from trimtab.mandate.document import Document
from trimtab.mandate.parse import parse_document, share


class Note(Document, frozen=True, kw_only=True):
    """Another document than a mandate."""

    title: str
    size: int = 0


def test_parse__right_mandate__every_value_in_its_place() -> None:
    mandate = parse_mandate(MANDATE, "mandate.toml")
    assert mandate.numeraire == "USDC"
    assert mandate.limits.cap == {"token:WETH": Fraction(3, 5)}
    assert [entry.share for entry in mandate.strategies] == [Fraction(3, 4), Fraction(0)]


def test_parse__decimal__never_a_binary_float() -> None:
    mandate = parse_mandate(MANDATE, "mandate.toml")
    assert mandate.execution.fill_tolerance == Fraction(3, 1000)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("slippage", "slipage", "unknown key `limits.slipage`; did you mean `slippage`?"),
        ("numeraire", "numeriare", "unknown key `numeriare`; did you mean `numeraire`?"),
        (
            "[account]",
            "slippage = 1\n[account]",
            "unknown key `slippage`; did you mean `limits.slippage`?",
        ),
        ("share =", "shares =", "unknown key `strategies[0].shares`; did you mean `share`?"),
        (
            'signer = "env:KEY"',
            'signer = "env:KEY"\nqqq = 1',
            "unknown key `account.qqq`; known here: `address`, `signer`",
        ),
    ],
)
def test_parse__unknown_key__suggests_where_it_belongs(old: str, new: str, words: str) -> None:
    assert complaint(with_change(old, new)) == words


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("id = 31337", 'id = "one"', "`chain.id` is a text in quotes, expected a whole number"),
        ('["env:RPC_URL"]', '"local"', "`chain.rpc` is a text in quotes, expected a list"),
        ('["env:RPC_URL"]', "[1]", "`chain.rpc[0]` is a whole number, expected a text in quotes"),
        ("sweeps = true", "sweeps = 1", "`strategies[1].sweeps` is a whole number, expected true"),
        ('name = "mix"', "name = true", "`strategies[0].name` is true or false, expected a text"),
        ("max_fee_gwei = 200", "max_fee_gwei = [200]", "`execution.max_fee_gwei` is a list"),
    ],
)
def test_parse__wrong_type__says_what_was_and_what_was_expected(
    old: str, new: str, words: str
) -> None:
    assert complaint(with_change(old, new)).startswith(words)


@pytest.mark.parametrize(
    "old, words",
    [
        ('numeraire = "USDC"', "`numeraire` is missing: add it"),
        ('signer = "env:KEY"', "`account.signer` is missing: add it"),
        ('name = "mix"', "`strategies[0].name` is missing: add it"),
    ],
)
def test_parse__key_missing__says_to_add_it(old: str, words: str) -> None:
    assert complaint(with_change(old, "")) == words


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_parse__number_not_finite__refused(number: str) -> None:
    words = complaint(with_change('slippage = "1 %"', f"slippage = {number}"))
    assert words == f"{number} is not a number that can be decided on: give a finite one"


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", '"1e999999999 %"'])
def test_parse__number_beyond_all_bounds__refused_at_once(number: str) -> None:
    words = complaint(with_change('slippage = "1 %"', f"slippage = {number}"))
    assert words.endswith("has too many digits: write at most 100")


@pytest.mark.parametrize("value", ["true", "[1]", '"much"', '""', '"1/0"', '"nan"', "1979-05-27"])
def test_parse__no_share__shows_how_one_is_written(value: str) -> None:
    words = complaint(with_change('slippage = "1 %"', f"slippage = {value}"))
    assert words.startswith("`limits.slippage`: ")
    assert "7/20" in words


def test_parse__not_toml__says_the_line() -> None:
    words = complaint(with_change('numeraire = "USDC"', "numeraire = USDC"))
    assert words == " is not valid TOML: Invalid value (at line 2, column 13)"


def test_parse_document__any_kind__the_same_words() -> None:
    with pytest.raises(ConfigError, match=r"note.toml: unknown key `titel`; did you mean `title`"):
        parse_document('titel = "a"', "note.toml", Note)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("35 %", Fraction(7, 20)),
        ("35%", Fraction(7, 20)),
        ("7/20", Fraction(7, 20)),
        ("0.35", Fraction(7, 20)),
        (".5", Fraction(1, 2)),
        (" 1e-3 ", Fraction(1, 1000)),
        ("-2", Fraction(-2)),
        ("1/3 %", Fraction(1, 300)),
        (3, Fraction(3)),
        (Fraction(1, 7), Fraction(1, 7)),
    ],
)
def test_share__each_way_to_write_it__exact(value: object, expected: Fraction) -> None:
    assert share(value) == expected


@pytest.mark.parametrize("value", ["0x10", "1_000", "٣", "1 2", "%", "1/2/3", "--1", "1/-2"])
def test_share__other_texts__refused(value: str) -> None:
    with pytest.raises(ValueError, match="is not a share: write"):
        share(value)
