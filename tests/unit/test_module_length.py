"""A module has at most 300 lines, or says at its top why it has more."""

import ast
from pathlib import Path

import pytest

import trimtab

LIMIT = 300
SOURCE = Path(trimtab.__file__).parent
EXCUSE = f"Longer than {LIMIT} lines because "


def is_too_long(source: str) -> bool:
    """Whether a module is over the limit without an excuse in its docstring."""
    if len(source.splitlines()) <= LIMIT:
        return False
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return EXCUSE not in " ".join(docstring.split())


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix()
)
def test_module__length__within_limit_or_excused(path: Path) -> None:
    assert not is_too_long(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "docstring, lines, expected",
    [
        ("Maths.", LIMIT, False),
        ("Maths.", LIMIT + 1, True),
        ("Maths. Longer than 300 lines\nbecause the table stands in one place.", LIMIT + 2, False),
    ],
)
def test_is_too_long__at_the_limit__exact(docstring: str, lines: int, expected: bool) -> None:
    head = f'"""{docstring}"""\n'
    source = head + "x = 1\n" * (lines - head.count("\n"))
    assert len(source.splitlines()) == lines
    assert is_too_long(source) is expected
