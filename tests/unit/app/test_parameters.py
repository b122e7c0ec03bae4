from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Desk
from tests.unit.app.strategies import Still
from trimtab.app.parameters import strategy_of
from trimtab.core.errors import ConfigError
from trimtab.mandate.document import StrategyEntry
from trimtab.strategies import ConstantMix

STILL = "tests.unit.app.strategies:Still"


def entry(use: str = STILL, **parameters: Any) -> StrategyEntry:
    return StrategyEntry(name="mine", use=use, parameters=parameters)


def still(desk: Desk, **parameters: Any) -> Still:
    made = strategy_of(entry(STILL, **{"size": Fraction(1, 2)} | parameters), desk.book)
    assert type(made).__name__ == "Still"
    return made  # type: ignore[return-value]


def complaint(desk: Desk, use: str = STILL, **parameters: Any) -> str:
    """What is said about an entry, without the strategy's name in front."""
    with pytest.raises(ConfigError) as refused:
        strategy_of(entry(use, **parameters), desk.book)
    words = str(refused.value)
    assert words.startswith("strategy 'mine': ")
    return words.removeprefix("strategy 'mine': ")


@pytest.mark.parametrize(
    "name, raw, expected",
    [
        ("size", Fraction(7, 20), 0.35),
        ("size", "35 %", 0.35),
        ("size", 2, 2.0),
        ("share", "1/3", Fraction(1, 3)),
        ("count", 5, 5),
        ("eager", True, True),
        ("label", "x", "x"),
        ("wait", "7d", timedelta(days=7)),
        ("wait", " 30 min ", timedelta(minutes=30)),
        ("wait", "2w", timedelta(weeks=2)),
    ],
)
def test_parameter__plain_type__as_the_field_declares(
    desk: Desk, name: str, raw: object, expected: object
) -> None:
    value = getattr(still(desk, **{name: raw}), name)
    assert (value, type(value)) == (expected, type(expected))


def test_parameter__names_of_places_and_tokens__looked_up(desk: Desk) -> None:
    made = still(desk, places=["USDC", "aave_v3:WETH"], weights={"WETH": "40 %"})
    assert made.places == (desk.place("USDC"), desk.place("aave_v3:WETH"))
    assert made.weights == {desk.token("WETH"): 0.4}


def test_parameter__left_out__its_default(desk: Desk) -> None:
    assert still(desk) == Still(0.5)


@pytest.mark.parametrize(
    "name, raw, words",
    [
        ("size", True, "parameter `size` is True, expected a number"),
        ("size", "nan", "parameter `size` is 'nan', expected a number"),
        ("size", "much", "parameter `size` is 'much', expected a number"),
        ("share", [1], 'parameter `share` is [1], expected a share such as 0.35, "35 %" or "7/20"'),
        ("count", Fraction(1, 2), "parameter `count` is Fraction(1, 2), expected a whole number"),
        ("count", True, "parameter `count` is True, expected a whole number"),
        ("eager", 1, "parameter `eager` is 1, expected true or false"),
        ("label", 1, "parameter `label` is 1, expected a text in quotes"),
        ("wait", "7", "parameter `wait` is '7', expected a time such as"),
        ("wait", "9999999d", "parameter `wait` is '9999999d', expected a time such as"),
        ("wait", 7, "parameter `wait` is 7, expected a time such as"),
        (
            "places",
            "USDC",
            "parameter `places` is 'USDC', expected a list, each of it a place such as",
        ),
        (
            "weights",
            [1],
            "parameter `weights` is [1], expected a table from a token's symbol in quotes to a",
        ),
        ("weights", {"WETH": "x"}, "parameter `weights`, WETH is 'x', expected a number"),
        ("token", "WETH", "parameter `token` is 'WETH', expected a "),
    ],
)
def test_parameter__wrong_type__says_what_was_and_what_was_expected(
    desk: Desk, name: str, raw: object, words: str
) -> None:
    assert complaint(desk, STILL, **{"size": 1, name: raw}).startswith(words)


@pytest.mark.parametrize(
    "name, raw, words",
    [
        ("weights", {"WET": 1}, "parameter `weights`: there is no token 'WET' in the address book"),
        ("places", ["aave_v3:WET"], "parameter `places`: there is no place 'aave_v3:WET'"),
    ],
)
def test_parameter__name_that_nothing_has__suggested(
    desk: Desk, name: str, raw: object, words: str
) -> None:
    said = complaint(desk, STILL, **{"size": 1, name: raw})
    assert said.startswith(words)
    assert "did you mean" in said


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"sise": 1}, f"{STILL} has no parameter `sise`; did you mean `size`?"),
        ({"size": 1, "steps": 1}, f"{STILL} has no parameter `steps`; "),
        ({"size": 1, "qqqqq": 1}, f"{STILL} has no parameter `qqqqq`; it has: `size`, `share`"),
        ({}, f"{STILL} needs `size`: write it under [strategies.parameters]"),
    ],
)
def test_parameters__unknown_or_missing__named(
    desk: Desk, parameters: dict[str, Any], words: str
) -> None:
    assert complaint(desk, **parameters).startswith(words)


@pytest.mark.parametrize(
    "use, words",
    [
        ("Still", "`use` is 'Still', expected `module:Class`"),
        (":Still", "`use` is ':Still', expected `module:Class`"),
        (".app:Still", "`use` is '.app:Still', expected `module:Class`"),
        ("trimtab.nowhere:Still", "cannot import 'trimtab.nowhere' (No module named"),
        (
            "trimtab.strategies:ConstantMixture",
            "'trimtab.strategies' has no strategy 'ConstantMixture', which is a frozen data class",
        ),
        ("tests.unit.app.strategies:not_a_class", "'tests.unit.app.strategies' has no strategy"),
        ("tests.unit.app.strategies:Unfinished", "'tests.unit.app.strategies' has no strategy"),
        ("tests.unit.app.strategies:Hidden", "the types of the fields of tests.unit.app.strat"),
    ],
)
def test_use__no_strategy__says_what_is_expected(desk: Desk, use: str, words: str) -> None:
    assert complaint(desk, use, size=1).startswith(words)


def test_use__class_misspelt__suggests_the_nearest(desk: Desk) -> None:
    words = complaint(desk, "trimtab.strategies:ConstantMixx")
    assert words.endswith("did you mean 'ConstantMix'?")


def test_use__module_that_does_not_parse__refused_with_its_line(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_written.py").write_text("def decide(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = complaint(desk, "half_written:Mine")
    assert words.startswith(
        "cannot import 'half_written' (invalid syntax (half_written.py, line 1)"
    )


def test_strategy__value_out_of_its_range__said_with_the_strategys_name(desk: Desk) -> None:
    words = complaint(desk, "trimtab.strategies:ConstantMix", weights={"WETH": 2})
    assert words == "`weights.WETH` is 2.0, expected 0 to 1"


def test_strategy__bundled__made_of_the_mandates_values(desk: Desk) -> None:
    made = strategy_of(
        entry(
            "trimtab.strategies:ConstantMix",
            weights={"WETH": "40 %", "USDC": Fraction(3, 5)},
            halflife="3d",
        ),
        desk.book,
    )
    weights = {desk.token("WETH"): 0.4, desk.token("USDC"): 0.6}
    assert made == ConstantMix(weights, halflife=timedelta(days=3))
