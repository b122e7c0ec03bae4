from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.laws import PORTS
from trimtab.app.main import app
from trimtab.app.support import code_of, in_words, support, weakest
from trimtab.chain.identities import Table, proven
from trimtab.mandate.adapters import ADAPTERS


def rows(part: str) -> list[dict[str, object]]:
    found = support()[part]
    assert isinstance(found, list)
    return found


def test_support__rows__every_adapter_with_the_actions_of_its_law() -> None:
    listed = {(row["protocol"], row["action"]) for row in rows("supported")}
    assert listed == {(port.name, kind) for port in PORTS for kind in port.kinds}
    assert {protocol for protocol, _ in listed} == set(ADAPTERS)


def test_support__code_of_a_row__is_listed_and_of_its_protocol() -> None:
    code = {row["hash"]: row["protocol"] for row in rows("code")}
    for row in rows("supported"):
        hashes = row["code"]
        assert isinstance(hashes, list)
        assert hashes
        assert {code[each] for each in hashes} == {row["protocol"]}


def test_support__mock_feed__proven_on_source_and_armed_locally() -> None:
    (feed,) = [row for row in rows("supported") if row["protocol"] == "chainlink"]
    assert (feed["proven_on"], feed["armed"]) == ("source", "on the local world only")


def test_weakest__one_on_source__source() -> None:
    (token,) = code_of(proven(), next(law for law in proven().laws if law.protocol == "erc20"))
    assert weakest((token, token)) == "bytecode"
    assert weakest((token, replace(token, proven="source"))) == "source"


def test_in_words__every_contract__by_name_and_hash() -> None:
    words = in_words()
    assert max(map(len, words.splitlines())) <= 120
    for law in proven().laws:
        for each in code_of(proven(), law):
            assert f"    {each.hash[:16]}  {each.contract} ({each.role})" in words
    assert "Safe" not in words, "what is no protocol is not listed as one"


def test_in_words__empty_table__says_how_a_market_is_admitted() -> None:
    assert in_words(Table((), ())).startswith("A market is admitted where")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_support_command__runs__on_the_committed_table(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["support", *options])
    assert done.exit_code == 0
    assert proven().identities[0].hash[:16] in done.stdout
