"""A pool's history recorded from the real contracts: exact as it is, told where it is changed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from typer.testing import CliRunner

from tests.support.faults import Edited, Refused, Rule, Truncated
from tests.support.faulty_node import FaultyNode
from trimtab.app.main import app
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError, DataError, MissingRead, RpcError
from trimtab.core.token import Address
from trimtab.lab.verify import Tally, live, node_at, record, verify
from trimtab.lab.verify.history.events import INITIALIZE
from trimtab.lab.verify.history.written import EVENTS
from trimtab.lab.world import LocalWorld, local_world

pytestmark = pytest.mark.chain

SEED = 5
KINDS = {"exact in", "exact out", "stopped at a price"}


@dataclass(frozen=True, slots=True)
class Lived:
    """A world in which a pool has lived."""

    world: LocalWorld
    pool: Address


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    with local_world() as world:
        yield Lived(world, live(world, SEED))


@pytest.fixture(scope="module")
def recorded(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "pool"
    recording(lived, folder)
    return folder


def recording(lived: Lived, folder: Path, *rules: Rule, first: int = 0) -> int:
    """How many events were recorded through a node that may fail."""

    async def record_all(url: str) -> int:
        node = await node_at(RpcUrl(url))
        try:
            return await record(node, lived.pool, first, folder, lambda _: None)
        finally:
            await node.close()

    with FaultyNode(lived.world.node.url) as node:
        node.set(*rules)
        return asyncio.run(record_all(node.url))


def said(path: Path) -> Tally:
    total = Tally()
    for judged in verify(path):
        total.add(judged.tally)
    return total


# ------------------------------------------------------------------------------ as it was


def test_recorded__as_it_is__every_swap_exact_and_every_kind_there(recorded: Path) -> None:
    tally = said(recorded)
    table = pl.read_parquet(recorded / EVENTS)
    swaps = table.filter(pl.col("kind") == "swap").height
    assert (tally.exact.total(), tally.cases, tally.mismatches) == (swaps, swaps, 0), tally.first
    assert set(tally.exact) == KINDS
    assert set(table["kind"]) == {"mint", "burn", "collect", "swap"}
    assert all(kind == pl.String for kind in table.schema.values())


def test_recorded__ticks_crossed__liquidity_changes_between_swaps(recorded: Path) -> None:
    swaps = pl.read_parquet(recorded / EVENTS).filter(pl.col("kind") == "swap")
    assert swaps["liquidity"].n_unique() > 5


def test_recorded__by_the_same_seed__the_same_file(recorded: Path, tmp_path: Path) -> None:
    with local_world() as world:
        recording(Lived(world, live(world, SEED)), tmp_path / "again")
    again = pl.read_parquet(tmp_path / "again" / EVENTS)
    assert again.equals(pl.read_parquet(recorded / EVENTS))


# ---------------------------------------------------------------------------- changed after

Spoil = Callable[[pl.DataFrame], pl.DataFrame]


def cell(name: str, kind: str, number: int, units: int) -> Spoil:
    """The table in which a value of the n-th event of a kind is so many units more."""

    def spoil(table: pl.DataFrame) -> pl.DataFrame:
        cells = table[name].to_list()
        at = [row for row, each in enumerate(table["kind"]) if each == kind][number]
        cells[at] = str(int(cells[at]) + units)
        return table.with_columns(pl.Series(name, cells, pl.String))

    return spoil


def without(kind: str, number: int) -> Spoil:
    """The table without the n-th event of a kind."""

    def spoil(table: pl.DataFrame) -> pl.DataFrame:
        at = [row for row, each in enumerate(table["kind"]) if each == kind][number]
        return pl.concat([table[:at], table[at + 1 :]])

    return spoil


LIES = {
    "a unit of price": cell("sqrtPriceX96", "swap", 10, 1),
    "a tick": cell("tick", "swap", 10, 1),
    "a unit of liquidity": cell("liquidity", "swap", 10, -1),
    "two units in or out": cell("amount0", "swap", 10, 2),
    "two units out or in": cell("amount1", "swap", 10, -2),
    "a unit of a mint": cell("amount0", "mint", 0, 1),
    "a unit of a mint's liquidity": cell("liquidity", "mint", 1, 10**9),
    "a unit of a burn": cell("amount1", "burn", 2, 1),
    "a missing swap": without("swap", 10),
    "a missing mint": without("mint", 1),
    "a missing burn": without("burn", 0),
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_recorded__changed__mismatch_and_code_four(
    name: str, recorded: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(recorded, tmp_path / "pool")
    LIES[name](pl.read_parquet(folder / EVENTS)).write_parquet(folder / EVENTS)
    done = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert done.exit_code == 4, done.output
    told = orjson.loads(done.stdout.splitlines()[-1])
    (mismatch,) = told["mismatches"]
    assert mismatch["recorded"] != mismatch["modelled"]
    assert told["cases"] == told["exact"] + 1 + sum(told["unknown"].values())


# --------------------------------------------------------------------------- a node that lies


def test_record__logs_only_by_few_blocks__the_same_file(
    lived: Lived, recorded: Path, tmp_path: Path
) -> None:
    refused = Rule(Refused(-32005, "more than 10000 results"), methods=("eth_getLogs",), times=3)
    recording(lived, tmp_path / "pool", refused)
    assert (tmp_path / "pool" / EVENTS).read_bytes() == (recorded / EVENTS).read_bytes()


def test_record__from_its_birth__the_same_file(
    lived: Lived, recorded: Path, tmp_path: Path
) -> None:
    first = int(pl.read_parquet(recorded / EVENTS)["block_number"][0])
    recording(lived, tmp_path / "later", first=2)
    assert (tmp_path / "later" / EVENTS).read_bytes() == (recorded / EVENTS).read_bytes()
    with pytest.raises(DataError, match="no Initialize before them"):
        recording(lived, tmp_path / "too late", first=first)
    assert not (tmp_path / "too late").exists()


def logs(change: Callable[[list[dict[str, Any]]], object]) -> Rule:
    """A node that answers other logs than there are."""

    def edited(result: list[dict[str, Any]]) -> object:
        changed = [dict(each) for each in result]
        return change(changed) or changed

    return Rule(Edited(edited), methods=("eth_getLogs",))


def one(name: str, value: object) -> Rule:
    """A node that says something else of one log."""
    return logs(lambda found: found[5].update({name: value}))


LYING: dict[str, tuple[Rule, type[Exception], str]] = {
    "a log twice": (logs(lambda found: found.append(found[5])), RpcError, "twice"),
    "a removed log": (one("removed", True), RpcError, "removed"),
    "of another contract": (one("address", "0x" + "11" * 20), RpcError, "not asked for"),
    "of another block": (one("blockHash", "0x" + "11" * 32), RpcError, "two different blocks"),
    "short data": (one("data", "0x" + "00" * 31), DataError, "31 bytes of data"),
    "half a swap": (one("data", "0x" + "00" * 32), DataError, "words"),
    "long data": (one("data", "0x" + "00" * 2048), DataError, "2048 bytes of data"),
    "no data": (one("data", "nothing"), RpcError, "that is none"),
    "no logs": (logs(lambda found: found.clear()), DataError, "was not initialised"),
    "no birth": (logs(lambda found: found.__delitem__(0)), DataError, "no Initialize before them"),
    "two births": (one("topics", ["0x" + INITIALIZE.hex()]), DataError, "that cannot be"),
    "another fee": (
        Rule(Edited(lambda _: "0x" + "ff" * 32), methods=("eth_call",)),
        DataError,
        "expected",
    ),
    "not a pool": (Rule(Edited(lambda _: "0x"), methods=("eth_call",)), MissingRead, "0 bytes"),
    "half an answer": (Rule(Truncated(50), methods=("eth_getLogs",)), RpcError, "not JSON-RPC"),
}


@pytest.mark.parametrize("name", sorted(LYING))
def test_record__node_that_lies__refused_in_words_and_nothing_written(
    name: str, lived: Lived, tmp_path: Path
) -> None:
    rule, kind, words = LYING[name]
    with pytest.raises(kind, match=words):
        recording(lived, tmp_path / "pool", rule)
    assert not (tmp_path / "pool").exists()


def test_record__into_a_folder_that_is_there__refused(lived: Lived, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name a new folder"):
        recording(lived, tmp_path)


# -------------------------------------------------------------------------- the command line


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["verify", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_verify__record_in_a_local_world__exact_and_code_zero(tmp_path: Path) -> None:
    code, out, _ = run(str(tmp_path / "pool"), "--record", "--seed", "11")
    told = orjson.loads(out.splitlines()[-1])
    assert code == 0
    assert told["cases"] == told["exact"] > 50
    assert told["mismatches"] == []
    assert told["unknown"] == {}
    assert "history of a pool" in out


def test_verify__record_from_a_node__exact(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE", lived.world.node.url)
    asked = ("--record", "--rpc", "env:NODE", "--pool", lived.pool, "--from", "3", "--json")
    code, out, error = run(str(tmp_path / "pool"), *asked)
    assert code == 0, error
    (line,) = out.splitlines()
    assert orjson.loads(line)["exact"] > 50


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--rpc", "env:NODE"), "say --record too"),
        (("--pool", "0x1"), "say --record too"),
        (("--from", "3"), "say --record too"),
        (("--record", "--rpc", "env:NODE"), "both"),
        (("--record", "--pool", "0x1"), "both"),
        (("--record", "--rpc", "env:NOT_SET", "--pool", "0x1"), "NOT_SET is not set"),
    ],
)
def test_verify__half_a_recording__words_and_code_two(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    code, _, error = run(str(tmp_path / "pool"), *arguments)
    assert code == 2
    assert words in error


def test_verify__a_file_of_no_format__words_and_code_three(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("notes")
    code, out, error = run(str(tmp_path / "notes.md"), "--json")
    assert code == 3
    assert "of no format" in error
    assert orjson.loads(out.splitlines()[-1])["error"] == "DataError"
