from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.kernel import Words, cache, compile_all, inlined, kernel, product, routine
from trimtab.core.kernel.declare import linked

CALLEE = """
from trimtab.core.kernel import inlined

@inlined
def changed(value):
    return value + STEP

STEP = {step}
"""
CALLER = """
import sys
import numpy as np
from trimtab.core.kernel import kernel
from callee import changed

@kernel("float64(float64)")
def total(value):
    return changed(value)

print(total(1.0), "numba compiled" if total._run.stats.cache_misses else "kept")
"""

TIMES = 3


@inlined
def multiplied(value: float) -> float:
    return value * TIMES


@routine
def multiplied_twice(value: float) -> float:
    return multiplied(multiplied(value))


@kernel("float64(float64)")
def nine_times(value: float) -> float:
    """Nine times the value."""
    return multiplied_twice(value)


@kernel("void(uint64[::1])")
def square(values: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> None:
    whole: Words = product((values[0],), (values[0],))
    values[0] = whole[0]
    values[1] = whole[1]


def run(folder: Path, kept: Path) -> str:
    environment = {**os.environ, cache.PLACE: str(kept), "PYTHONPATH": str(folder)}
    command = [sys.executable, "-W", "error", str(folder / "caller.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_kernel__calls_through_parts__same_as_in_python() -> None:
    assert nine_times(2.5) == nine_times.function(2.5) == 22.5
    assert nine_times.__doc__ == "Nine times the value."


def test_kernel__words__wrap_as_the_machine_does() -> None:
    values = np.array([2**64 - 1, 0], dtype=np.uint64)
    square(values)
    assert [int(word) for word in values] == [1, 2**64 - 2]


def test_kernel__other_types_than_declared__refused() -> None:
    with pytest.raises(TypeError):
        nine_times("ten")  # type: ignore[arg-type]


def test_kernel__edited_callee__never_served_stale(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (tmp_path / "caller.py").write_text(CALLER)
    for step in (1.0, 2.0):
        (tmp_path / "callee.py").write_text(CALLEE.format(step=step))
        assert run(tmp_path, kept) == f"{1.0 + step} numba compiled"
        assert run(tmp_path, kept) == f"{1.0 + step} kept"


DIFFERENCES = """
from callee import high, low
from trimtab.core.kernel import kernel

@kernel("float64(float64)")
def total(value):
    return {expression}
"""
PARTS = """
from trimtab.core.kernel import inlined

@inlined
def {first}(value):
    return value + 1.0

@inlined
def {second}(value):
    return value * 9.0
"""
EDITED_WHILE_LOADED = """
import sys
from pathlib import Path
import caller

if len(sys.argv) > 1:
    Path(caller.__file__).write_text(Path(sys.argv[1]).read_text())
print(caller.total(2.0))
"""


def test_kernel__loaded_before_its_file_is_edited__not_served_to_what_loads_the_edit(
    tmp_path: Path,
) -> None:
    """The two texts have the same code but for which name an index stands for."""
    (tmp_path / "callee.py").write_text(PARTS.format(first="high", second="low"))
    caller, edited = tmp_path / "caller.py", tmp_path / "edited.txt"
    caller.write_text(DIFFERENCES.format(expression="high(value) - low(value)"))
    edited.write_text(DIFFERENCES.format(expression="low(value) - high(value)"))
    (tmp_path / "main.py").write_text(EDITED_WHILE_LOADED)
    found = []
    for told in ([str(edited)], []):
        command = [sys.executable, "-B", str(tmp_path / "main.py"), *told]
        environment = {**os.environ, cache.PLACE: str(tmp_path / "kept")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(float(done.stdout))
    assert found == [-15.0, 15.0]


def test_kernel__place_that_cannot_be_written__said_and_compiled_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv(cache.PLACE, str(occupied))

    @kernel("float64(float64)")
    def halved(value: float) -> float:
        return value / 2

    with pytest.warns(cache.KernelsNotKept, match=re.escape(str(occupied))):
        assert halved(3.0) == 1.5
    assert list(tmp_path.iterdir()) == [occupied]


def test_folder__many_versions__oldest_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.PLACE, str(tmp_path))
    for at in range(cache.FOLDERS_KEPT + 2):
        made = cache.folder(f"{at:032x}", "kernel")
        assert made is not None
        os.utime(made.parent, (at, at))
    assert len(list(tmp_path.iterdir())) == cache.FOLDERS_KEPT
    assert not (tmp_path / f"{0:032x}").exists()


def test_folder__place_with_folders_of_others__only_ours_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.PLACE, str(tmp_path))
    others = [tmp_path / f"letters of {year}" for year in range(cache.FOLDERS_KEPT + 2)]
    for each in others:
        each.mkdir()
        os.utime(each, (0, 0))
    assert cache.folder(f"{1:032x}", "kernel") is not None
    assert {*others, tmp_path / f"{1:032x}"} == set(tmp_path.iterdir())


def test_kernel_sources__this_package__declaring_modules_alone() -> None:
    found = cache.kernel_sources()
    assert "trimtab.protocols.shared.limbs" in found
    assert "trimtab.core.token" not in found


def test_linked__global_that_is_no_constant__refused_by_name() -> None:
    def uses_a_path(value: str) -> bool:
        return Path(value).exists()

    with pytest.raises(ConfigError, match="uses_a_path uses Path, which is type"):
        linked(uses_a_path)  # type: ignore[arg-type]


def test_linked__closure__refused() -> None:
    step = 2.0

    def adds(value: float) -> float:
        return value + step

    with pytest.raises(ConfigError, match="free variables"):
        linked(adds)  # type: ignore[arg-type]


def test_compile_all__this_package__names_every_kernel() -> None:
    found = compile_all()
    assert f"{__name__}.nine_times" in found


@pytest.mark.parametrize("started", ["", "from trimtab.app.main import main; main()"])
def test_start__numba__not_loaded(started: str) -> None:
    command = [sys.executable, "-X", "importtime", "-c", f"import trimtab; {started}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert bool(started) is ("Usage" in done.stdout)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "trimtab" in loaded
    assert {name for name in loaded if name.partition(".")[0] in ("numba", "llvmlite")} == set()
