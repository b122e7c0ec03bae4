"""What the packages below the line may import and use: an allow-list, read off their syntax.

Import contracts see which module of ours imports which; they do not see `datetime.now`, `uuid` or
`numpy.random`. This does, and it refuses whatever it has not been told of.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import trimtab

SOURCE = Path(trimtab.__file__).parent
BELOW = ("core", "protocols", "risk", "signals", "mandate", "routing", "allocation", "strategies")
ABOVE = ("journal", "feeds", "chain", "engine", "lab", "app")
NEAR_THE_LINE = {name: (name, "protocols", "core") for name in ("journal", "feeds", "chain")}

# Modules without input, output, clock or randomness; a package stands for its submodules too.
ALLOWED = frozenset(
    {
        *("__future__", "abc", "bisect", "collections", "dataclasses", "decimal", "enum"),
        *("fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator"),
        *("difflib", "re", "string", "tomllib", "types", "typing"),
        *("eth_abi", "eth_utils", "msgspec", "numpy"),
    }
)
# One package compiles kernels, and keeps what it compiled beside numba's name: the door to numba.
KERNEL = ("core", "kernel")
ALLOWED_TO_KERNEL = frozenset(
    {
        *("builtins", "contextlib", "importlib", "llvmlite", "numba", "os", "pathlib"),
        *("shutil", "sys", "tempfile", "warnings"),
    }
)
DATETIME = frozenset({"timedelta"})
NUMPY_REFUSED = frozenset(
    {
        *("random", "datetime64"),
        *("load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap"),
        *("save", "savez", "savez_compressed", "savetxt", "lib", "ctypeslib"),
    }
)
# The last two depend on the hash seed and on where an object lies in memory.
BUILTINS_REFUSED = frozenset(
    {
        *("open", "print", "input", "breakpoint", "eval", "exec", "compile", "__import__"),
        *("globals", "hash", "id"),
    }
)


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and full dotted name of everything that a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.ImportFrom():
                yield node.lineno, "a relative name"
            case _:
                pass


def is_allowed(name: str, *, in_kernel: bool = False) -> bool:
    """Whether a dotted name may be imported below the line."""
    package, _, rest = name.partition(".")
    if in_kernel and package in ALLOWED_TO_KERNEL:
        return True
    first = rest.partition(".")[0]
    if package == "trimtab":
        return first in BELOW
    if package == "datetime":
        return first in DATETIME
    if package == "numpy":
        return first not in NUMPY_REFUSED
    return package in ALLOWED


def impurities(source: str, *, in_kernel: bool = False) -> list[str]:
    """What a module does that is not for below the line, as `LINE: what`."""
    tree = ast.parse(source)
    found = [
        f"{line}: imports {name}"
        for line, name in imported(tree)
        if not is_allowed(name, in_kernel=in_kernel)
    ]
    numpy_names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "numpy"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in BUILTINS_REFUSED:
                found.append(f"{node.lineno}: uses {name}")
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (
                name in numpy_names and attribute in NUMPY_REFUSED
            ):
                found.append(f"{node.lineno}: uses numpy.{attribute}")
            case ast.AsyncFunctionDef(name=name):
                found.append(f"{node.lineno}: {name} is asynchronous")
            case ast.Global(names=names):
                found.append(f"{node.lineno}: changes the module's {', '.join(names)}")
            case _:
                pass
    return found


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (SOURCE / package).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_packages__each__stands_above_or_below_the_line() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages - {*BELOW, *ABOVE} == set()
    assert "core" in packages


@pytest.mark.parametrize("path", modules(*BELOW), ids=relative)
def test_module__below_the_line__is_pure(path: Path) -> None:
    in_kernel = path.relative_to(SOURCE).parts[:2] == KERNEL
    assert impurities(path.read_text(encoding="utf-8"), in_kernel=in_kernel) == []


def test_impurities__kernel__may_compile_and_nothing_else() -> None:
    for name in ALLOWED_TO_KERNEL:
        assert impurities(f"import {name}") == [f"1: imports {name}"]
        assert impurities(f"import {name}", in_kernel=True) == []
    assert impurities("import time", in_kernel=True) == ["1: imports time"]


@pytest.mark.parametrize("path", modules(*NEAR_THE_LINE), ids=relative)
def test_module__just_above_the_line__knows_only_protocols_and_core(path: Path) -> None:
    allowed = NEAR_THE_LINE[relative(path).partition("/")[0]]
    ours = [
        name.split(".")[1]
        for _, name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name.startswith("trimtab.")
    ]
    assert set(ours) - set(allowed) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import datetime",
        "from datetime import datetime",
        "from datetime import UTC, timedelta",
        "import time",
        "from time import monotonic",
        "import uuid",
        "import secrets",
        "import random",
        "import os",
        "import sys",
        "import os.path",
        "import logging",
        "import structlog",
        "import asyncio",
        "import pathlib",
        "import httpx",
        "import sqlalchemy",
        "import importlib",
        "import numpy.random",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy as np\nnp.random.default_rng()",
        "import numpy\nnumpy.random.default_rng()",
        "import numpy as np\nnp.load('prices.npy')",
        "import numpy as np\nnp.datetime64('now')",
        "open('prices.csv')",
        "print('here')",
        "order = sorted(markets, key=hash)",
        "order = sorted(markets, key=id)",
        "__import__('time')",
        "eval('1 + 1')",
        "async def read() -> int: ...",
        "def count() -> None:\n    global calls\n    calls += 1",
        "def late() -> None:\n    import time",
        "import trimtab",
        "from trimtab.chain import rpc",
        "from trimtab import lab",
        "import trimtab.journal",
        "from . import sibling",
        "from .sibling import name",
        "from ..chain import rpc",
    ],
)
def test_impurities__offending_module__found(source: str) -> None:
    assert len(impurities(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        "from datetime import timedelta",
        "from collections.abc import Sequence",
        "import numpy as np\nimport numpy.typing as npt\nnp.zeros(3)",
        "from eth_utils.crypto import keccak",
        "from trimtab.core.token import Token\nfrom trimtab import protocols",
        "def __hash__(self) -> int: return self.hash",
        "class Pinned:\n    hash: bytes\n    id: int",
        "swap.random.open",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from trimtab.core import Market",
    ],
)
def test_impurities__innocent_module__none(source: str) -> None:
    assert impurities(source) == []


@pytest.mark.parametrize("name", sorted(BUILTINS_REFUSED))
def test_impurities__refused_builtin__named_with_its_line(name: str) -> None:
    assert impurities(f"x = 1\ny = {name}") == [f"2: uses {name}"]
