"""What is changed in the models, and ten such changes, each of which a check must notice."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import equivalents
from tests.mutants.__main__ import all_mutants
from tests.mutants.mutate import Mutant, mutants, mutated, picked
from tests.mutants.touched import MODELS

ROOT = Path(__file__).parents[2]
SEED = 1


def changes(source: str) -> list[tuple[str, str]]:
    return [(mutant.kind, mutant.after) for mutant in mutants("model.py", source)]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("a // b", ["-(-a // b)"]),
        ("-(-a // b)", ["a // b"]),
        ("-(-a * c // b)", ["a * c // b"]),
        ("a * b >> n", ["-(-(a * b) >> n)"]),
        ("a >> n", []),
        ("mul_div_down(a, b, c)", ["-(-a * b // c)"]),
        ("mul_div_up(a, b, c)", ["a * b // c"]),
        ("div_up(a, b)", ["a // b"]),
        ("ray_mul(a, b)", ["a * b // 10 ** 27", "-(-a * b // 10 ** 27)"]),
        ("wad_div(a, b)", ["a * 10 ** 18 // b", "-(-a * 10 ** 18 // b)"]),
        ("percent_mul(a, b + c)", ["a * (b + c) // 10 ** 4", "-(-a * (b + c) // 10 ** 4)"]),
        ("f(a * b + HALF_RAY)", ["a * b"]),
        ("math.floor(a)", ["math.ceil(a)"]),
        ("amount0_delta_up(a, b, c)", ["amount0_delta_down(a, b, c)"]),
        ("next_price_up(a)", []),
    ],
)
def test_mutants__rounding__the_other_way(source: str, expected: list[str]) -> None:
    assert changes(source) == [("rounding", after) for after in expected]


@pytest.mark.parametrize(
    "source, kind, expected",
    [
        ("a + 1", "one-off", ["a", "a - 1"]),
        ("a - 1", "one-off", ["a", "a + 1"]),
        ("a -= 1", "one-off", ["a += 0", "a += 1"]),
        ("a < b", "boundary", ["a <= b"]),
        ("a >= b", "boundary", ["a > b"]),
        ("a <= b < c", "boundary", ["a < b < c", "a <= b <= c"]),
        ("a == b", "boundary", []),
        ("a * 7", "constant", ["a * 8", "a * 6"]),
        ("a[2:4]", "constant", ["3:4", "1:4", "2:5", "2:3"]),
        ("LAST = 2**256 - 1", "constant", [f"LAST = {2**256:#x}", f"LAST = {2**256 - 2:#x}"]),
        ("FIRST = -5", "constant", ["FIRST = -4", "FIRST = -6"]),
    ],
)
def test_mutants__one_place__changed_alone(source: str, kind: str, expected: list[str]) -> None:
    assert changes(source) == [(kind, after) for after in expected]


@pytest.mark.parametrize(
    "source",
    [
        "'a text of 3 words'",
        "is_so = True",
        "f'{a // 2} of {b + 1}'",
        "def f(a: Literal[3]) -> Literal[4]: return a",
        "@cache(maxsize=8)\ndef f(a): return a",
        "class C:\n    '''One of 2.'''",
    ],
)
def test_mutants__what_no_sum_depends_on__left_alone(source: str) -> None:
    assert changes(source) == []


def test_mutants__same_change_twice_in_a_function__numbered() -> None:
    source = "class C:\n    def f(self, a):\n        return a + 1 if a else a + 1\n\nB = 3\n"
    names = [mutant.name for mutant in mutants("c.py", source)]
    assert names == [
        "c.py:C.f:one-off:a + 1 -> a",
        "c.py:C.f:one-off:a + 1 -> a - 1",
        "c.py:C.f:one-off:a + 1 -> a #2",
        "c.py:C.f:one-off:a + 1 -> a - 1 #2",
        "c.py::constant:B = 3 -> B = 4",
        "c.py::constant:B = 3 -> B = 2",
    ]
    functions = {mutant.function for mutant in mutants("c.py", source)}
    assert functions == {"c.py:C.f", None}


def test_mutated__rounding_of_an_imported_pair__imports_the_other() -> None:
    source = "from m.step import amount1_delta_up\nx = amount1_delta_up(a, b, c)\n"
    (mutant,) = mutants("c.py", source)
    changed = ast.unparse(mutated(mutant, source))
    assert changed.splitlines() == [
        "from m.step import amount1_delta_down",
        "from m.step import amount1_delta_up",
        "x = amount1_delta_down(a, b, c)",
    ]


def test_mutated__no_such_place__refused() -> None:
    (mutant, _) = mutants("c.py", "x = 3")
    assert ast.unparse(mutated(mutant, "x = 3")) == "x = 4"
    with pytest.raises(KeyError, match="x = 3 -> x = 4"):
        mutated(mutant, "x = 5")


@pytest.fixture(scope="module")
def everything() -> list[Mutant]:
    return all_mutants()


def test_models__mutants__each_with_a_name_of_its_own(everything: list[Mutant]) -> None:
    assert len({mutant.name for mutant in everything}) == len(everything)
    protocols = {market.parent.name for market in MODELS.glob("*/market.py")}
    assert {mutant.protocol for mutant in everything} == {"shared", *protocols}
    assert {mutant.kind for mutant in everything} == {
        *("boundary", "constant", "one-off", "rounding"),
    }


def test_equivalents__each__exists_and_is_proven(everything: list[Mutant]) -> None:
    listed = equivalents.read()
    assert equivalents.mistakes(listed, everything) == []
    assert equivalents.mistakes({"c.py::constant:x = 3 -> x = 4": "since"}, everything) != []


@pytest.mark.parametrize("entry", ["proof = 'since'", "mutants = []\nproof = 'since'",
                                   "mutants = ['a']", "mutants = ['a']\nproof = ' '"])  # fmt: skip
def test_equivalents__entry_without_mutants_or_proof__refused(entry: str, tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(f"[[equivalent]]\n{entry}\n")
    with pytest.raises(ValueError, match="expected `mutants` and a `proof`"):
        equivalents.read(path)


def test_picked__one_mutant_more__the_others_stay(everything: list[Mutant]) -> None:
    first = picked(everything, 10, SEED)
    assert len(set(first)) == 10
    assert first != picked(everything, 10, SEED + 1)
    fewer = [mutant for mutant in everything if mutant != first[0]]
    assert picked(fewer, 10, SEED)[:9] == first[1:]


@pytest.mark.chain
def test_models__five_mutants_of_a_seed__each_killed() -> None:
    command = [sys.executable, "-m", "tests.mutants", "--sample", "5", "--seed", str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed 5 of 5 mutants" in done.stdout.splitlines()[-1]
