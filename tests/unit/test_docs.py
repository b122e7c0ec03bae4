"""The documents name what there is: keys, options, kinds, files, tests, targets and invariants."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import typer

from tests.support.command import ROOT
from tests.support.story import tell
from trimtab.app import output
from trimtab.app.explain import explain, explanation
from trimtab.app.main import app
from trimtab.app.rehearse import Result, Tally
from trimtab.engine.memory import Memory
from trimtab.journal.records import Kind
from trimtab.journal.store import Journal
from trimtab.lab.scenario_events import Event
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.document import (
    Account,
    AlertEntries,
    Chain,
    Document,
    Execution,
    LimitEntries,
    Mandate,
    StrategyEntry,
)
from trimtab.mandate.parse import share
from trimtab.strategies import (
    ConcentratedLiquidity,
    ConstantMix,
    LendingYield,
    LeveragedStaking,
)

PACKAGES = ROOT / "src" / "trimtab"
TOPS = ("src", "contracts", "tests", "docs", "examples", "world", "requirements", ".ci")
MADE_BY_SETUP = ("world/node_modules", "world/.cache")

MANDATE_SECTIONS: dict[str, type[Document]] = {
    "Top level": Mandate,
    "`[account]`": Account,
    "`[chain]`": Chain,
    "`[[strategies]]`": StrategyEntry,
    "`[limits]`": LimitEntries,
    "`[execution]`": Execution,
    "`[alerts]`": AlertEntries,
}
STRATEGIES = (ConcentratedLiquidity, ConstantMix, LendingYield, LeveragedStaking)

Rows = list[list[str]]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """The journal of a history in which everything happens once."""
    path: Path = tmp_path_factory.mktemp("documents") / "story.sqlite"
    with Journal.read(tell(path).path) as journal:
        yield journal


# ------------------------------------------------------------------------------------ reading


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prose(document: str) -> str:
    """The document without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", document, flags=re.MULTILINE | re.DOTALL)


def section(document: str, title: str) -> str:
    """What stands under a heading, up to the next of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(title)}$", document, flags=re.MULTILINE)
    assert found, f"there is no heading {title!r}"
    rest = document[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(part: str) -> Rows:
    """The cells of the first table in a part, its head left out."""
    lines = re.search(r"^\|.*?(?=^[^|]|\Z)", part, flags=re.MULTILINE | re.DOTALL)
    assert lines, "there is no table"
    cells = [re.split(r"(?<!\\)\|", line.strip("|\n ")) for line in lines[0].splitlines() if line]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def table_of(path: str, title: str) -> dict[str, list[str]]:
    """The first table under a heading, by the one code word of its first column."""
    found = {code(row[0])[0]: row for row in rows(section(text(path), title))}
    assert len(found) == len(rows(section(text(path), title))), f"{title}: a key stands twice"
    return found


# ------------------------------------------------------------------------------------- mandate


@pytest.mark.parametrize("title", MANDATE_SECTIONS)
def test_mandate_reference__keys_and_defaults__are_the_documents(title: str) -> None:
    table = table_of("docs/reference/mandate.md", title)
    fields = {each.encode_name: each for each in msgspec.structs.fields(MANDATE_SECTIONS[title])}
    assert set(table) == set(fields)
    for key, field in fields.items():
        assert told(table[key][2], field.type) == default_of(field), key


def test_mandate_reference__every_document__has_its_section() -> None:
    assert {Mandate, *parts(Mandate)} == set(MANDATE_SECTIONS.values())


@pytest.mark.parametrize("kind", STRATEGIES, ids=lambda kind: kind.__name__)
def test_mandate_reference__bundled_strategy__has_its_parameters(kind: type[Any]) -> None:
    table = table_of("docs/reference/mandate.md", f"`trimtab.strategies:{kind.__name__}`")
    fields = {each.name: each.default for each in dataclasses.fields(kind)}
    assert set(table) == set(fields)
    for key, default in fields.items():
        assert table[key][1] == parameter(default), key


def told(cell: str, kind: Any) -> object:
    """The default that a cell states, as a value of the key's type."""
    words: dict[str, object] = {
        "required": msgspec.NODEFAULT,
        "none": None,
        "empty": {},
        "see below": "see below",
    }
    if cell in words:
        return words[cell]
    (literal,) = code(cell)
    value = tomllib.loads(f"x = {literal}")["x"]
    return msgspec.convert(value, kind, dec_hook=lambda _, written: share(written))


def default_of(field: msgspec.structs.FieldInfo) -> object:
    """A key's default; one that is a part of the document has its own table."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return "see below" if isinstance(field.default, Document) else field.default


def parameter(default: object) -> str:
    """The cell of a strategy's parameter."""
    if default is dataclasses.MISSING:
        return "required"
    if isinstance(default, timedelta):
        assert default % timedelta(days=1) == timedelta(0)
        return f'`"{default.days}d"`'
    return f"`{default!r}`"


def parts(kind: type[Document]) -> Iterator[type[Document]]:
    """The documents inside a document, at any depth."""
    for field in msgspec.structs.fields(kind):
        for each in (field.type, *get_args(field.type)):
            if inspect.isclass(each) and issubclass(each, Document):
                yield each
                yield from parts(each)


# --------------------------------------------------------------------------------- command line


def commands() -> dict[str, Any]:
    return dict(getattr(typer.main.get_command(app), "commands", {}))


def test_cli_reference__commands__are_those_there_are() -> None:
    listed = {code(row[0])[0] for row in rows(text("docs/reference/cli.md"))}
    headings = set(re.findall(r"^## `trimtab (\w+)`$", text("docs/reference/cli.md"), re.MULTILINE))
    assert listed == headings == set(commands())


@pytest.mark.parametrize("command", sorted(commands()))
def test_cli_reference__arguments_and_options__are_the_commands(command: str) -> None:
    table = table_of("docs/reference/cli.md", f"`trimtab {command}`")
    parameters = {
        each.opts[0] if each.opts[0].startswith("-") else (each.metavar or each.name.upper()): each
        for each in commands()[command].params
    }
    assert set(table) == set(parameters)
    for key, each in parameters.items():
        assert table[key][1] == option_default(each), key


def option_default(option: Any) -> str:
    if option.required:
        return "required"
    if getattr(option, "is_flag", False):
        return "off"
    return "none" if option.default is None else f"`{option.default}`"


def test_cli_reference__exit_codes__are_those_there_are() -> None:
    listed = {
        int(code(row[0])[0]) for row in rows(section(text("docs/reference/cli.md"), "Exit codes"))
    }
    known = {value for key, value in vars(output).items() if key.startswith("EXIT_")}
    assert listed == {0, *known}


def test_result__json_keys__are_documented_twice() -> None:
    result = Result(Tally(), Memory(), "USDC", "", Path("journal"), 0.0)
    keys = set(result.as_json())
    listed = section(text("docs/reference/cli.md"), "`trimtab rehearse`").partition("JSON:")[2]
    explained = rows(section(text("docs/guides/read-a-run.md"), "The result"))
    assert set(code(listed)) == keys
    assert {key for row in explained for key in code(row[0])} == keys


def test_scenario_guide__keys_and_defaults__are_the_events() -> None:
    table = table_of("docs/guides/scenarios.md", "What others do: `--scenario FILE`")
    fields = {each.encode_name: each.default for each in msgspec.structs.fields(Event)}
    stated = {key: row[1] for key, row in table.items()}
    assert stated == {
        key: "none" if default is None else f"`{default}`" for key, default in fields.items()
    }


# ------------------------------------------------------------------------ journal and protocols


def test_journal_reference__kinds__are_those_there_are() -> None:
    table = table_of("docs/reference/journal.md", "Records")
    assert list(table) == list(get_args(Kind))


def test_protocols_reference__protocols__are_those_there_are() -> None:
    document = text("docs/reference/protocols.md")
    listed = {code(row[0])[0] for row in rows(document)}
    headings = set(re.findall(r"^## `(\w+)`$", document, flags=re.MULTILINE))
    assert listed == headings == set(ADAPTERS)


def test_journal_reference__parts__are_what_records_hold(journal: Journal) -> None:
    table = table_of("docs/reference/journal.md", "Records")
    economic: dict[str, set[str]] = {}
    detail: dict[str, set[str]] = {}
    for record in journal.records():
        economic.setdefault(record.kind, set()).update(keys_of(record.economic))
        detail.setdefault(record.kind, set()).update(keys_of(record.detail))
    assert set(economic) >= {"start", "reading", "settled", "flows", "tick", "intent", "mismatch"}
    for kind, keys in economic.items():
        assert set(code(table[kind][2])) == keys, kind
        # who runs the loop says what its end holds, and this history says nothing
        assert kind == "end" or set(code(table[kind][3])) - keys <= detail[kind], kind


def keys_of(part: object) -> set[str]:
    return set(part) if isinstance(part, dict) else set()


def test_explain__json_keys__are_documented_twice(journal: Journal) -> None:
    block = next(journal.records("tick")).block
    assert block is not None
    told = explanation(journal, block)
    assert isinstance(told, dict)
    listed = section(text("docs/reference/cli.md"), "`trimtab explain`").partition("JSON:")[2]
    guide = section(text("docs/guides/read-a-run.md"), "One block")
    assert set(code(listed)) == set(told)
    assert set(told) - set(code(prose(guide))) == set()
    titles = re.findall(r"^(\w.*)$", explain(journal, block), flags=re.MULTILINE)[1:]
    assert [row[0] for row in rows(guide)] == titles


# ----------------------------------------------------------------------------------- invariants


def test_invariants__quoted_in_code_and_documents__are_all_listed() -> None:
    listed = [row[0].split()[0] for row in rows(text("docs/invariants.md"))]
    assert listed == [f"INV-{number}" for number in range(1, 14)]
    sources = [*PACKAGES.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *documents()]
    quoted = {found for path in sources for found in re.findall(r"INV-\d+", path.read_text())}
    assert quoted - {*listed} == set()


def test_invariants__names_that_violations_give__are_the_listed_ones() -> None:
    listed = {row[0] for row in rows(text("docs/invariants.md"))}
    given = {
        node.value
        for path in PACKAGES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"INV-\d+ [\w ]+", node.value)
    }
    assert given, "no violation is named"
    assert given - listed == set()


# ---------------------------------------------------------------------- paths, links and targets


def paths_in(document: str) -> Iterator[str]:
    """What reads like a path of the checkout, from its top or from the package."""
    for found in re.findall(r"(?<![\w/:.$@-])(?:[\w.*-]+/)+[\w.*-]*", without_links(document)):
        top = found.partition("/")[0]
        if top in TOPS or (PACKAGES / top).is_dir():
            yield found.rstrip(".").replace("NAME", "*")


def without_links(document: str) -> str:
    return re.sub(r"\]\([^)]*\)", "]", document)


@pytest.mark.parametrize("path", documents(), ids=name)
def test_document__every_path_that_it_names__exists(path: Path) -> None:
    missing = [
        found
        for found in paths_in(text(name(path)))
        if not found.startswith(MADE_BY_SETUP)
        and not any(ROOT.glob(found))
        and not any(PACKAGES.glob(found))
    ]
    assert missing == []


@pytest.mark.parametrize("path", documents(), ids=name)
def test_document__every_relative_link__resolves(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text(name(path)))):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = (path.parent / file).resolve() if file else path
        if not found.exists() or (anchor and anchor not in anchors(found.read_text())):
            broken.append(target)
    assert broken == []


def anchors(document: str) -> set[str]:
    """The anchors of a document's headings, as repository hosts make them."""
    titles = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", documents(), ids=name)
def test_document__every_test_that_it_names__exists(path: Path) -> None:
    named = set(re.findall(r"\btest_\w+?__\w+", text(name(path))))
    placeholder = {"test_withdraw__more_than_liquidity__refused"}  # the form of a name, in words
    assert {each for each in named - placeholder if each not in known_tests()} == set()


@cache
def known_tests() -> frozenset[str]:
    sources = (ROOT / "tests").rglob("test_*.py")
    return frozenset(
        found
        for path in sources
        for found in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("path", documents(), ids=name)
def test_document__every_make_target_that_it_names__exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.MULTILINE))
    spans = [*re.findall(r"`([^`\n]+)`", prose(text(name(path)))), *fenced(text(name(path)))]
    named = {found for span in spans for found in re.findall(r"\bmake ([a-z]+)\b", span)}
    assert named - targets == set()


def fenced(document: str) -> list[str]:
    return re.findall(r"^```sh$(.*?)^```$", document, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", documents(), ids=name)
def test_document__every_command_that_it_shows__has_its_options(path: Path) -> None:
    for line in shown_commands(text(name(path))):
        words = line.split()
        command = commands()[words[0]]
        known = {opt for each in command.params for opt in each.opts} | {"--help"}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given - known == set(), line


def shown_commands(document: str) -> Iterator[str]:
    """What follows `.venv/bin/trimtab` in blocks for a shell, lines joined that go on."""
    for block in fenced(document):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"\.venv/bin/trimtab (\w+.*)", line)
            if found:
                yield found[1].partition("#")[0]


# ------------------------------------------------------------------------------ index and tools


def test_index__every_document__is_listed() -> None:
    index = text("docs/README.md")
    linked = {
        (ROOT / "docs" / target.partition("#")[0]).resolve()
        for target in re.findall(r"\]\(([^)\s]+)\)", index)
        if "://" not in target
    }
    inside = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions"}
    assert inside - linked - {ROOT / "docs" / "README.md"} == set()
    decisions = text("docs/decisions/README.md")
    pages = {path.name for path in (ROOT / "docs" / "decisions").glob("0*.md")}
    assert {page for page in pages if page not in decisions} == set()


@pytest.mark.parametrize(
    "document, expected",
    [
        ("see `journal/store.py`", ["journal/store.py"]),
        ("in tests/laws, and `examples/mandate.toml`.", ["tests/laws", "examples/mandate.toml"]),
        ("`uniswap_v3:WETH/USDC/500` at 7/20, `build/demo`", []),
        ("[here](docs/nothing.md) and https://semver.org/docs/x", []),
        ("src/trimtab/nothing.py", ["src/trimtab/nothing.py"]),
    ],
)
def test_paths_in__sample__found(document: str, expected: list[str]) -> None:
    assert list(paths_in(document)) == expected


@pytest.mark.parametrize(
    "cell, kind, expected",
    [("`1`", int, 1), ("none", int | None, None), ('`["local"]`', tuple[str, ...], ("local",))],
)
def test_told__sample__value(cell: str, kind: Any, expected: object) -> None:
    assert told(cell, kind) == expected
