"""The locks hold all that is declared, with a sum for each package and the address of none."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCK = ROOT / "requirements" / "dev.txt"
EXAMINERS_LOCK = ROOT / "requirements" / "contracts.txt"
PEERS_LOCK = ROOT / "requirements" / "peers.txt"
LOCKS = (PYTHON_LOCK, EXAMINERS_LOCK, PEERS_LOCK)
NODE_FOLDERS = (ROOT / "world", ROOT / "tests" / "postgres")
NODE_LOCK = "package-lock.json"


def normal(requirement: str) -> str:
    """The name that a requirement starts with, as package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def locked_requirements(lock: Path = PYTHON_LOCK) -> dict[str, str]:
    """The text of each locked requirement, its sums included, by name."""
    text = lock.read_text(encoding="utf-8")
    entries = re.findall(r"^[^\s#].*?(?=^[^\s]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return {normal(entry): entry for entry in entries}


def test_python_lock__declared_packages__all_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {normal(requirement) for group in groups for requirement in group}
    assert declared - set(locked_requirements()) == set()


@pytest.mark.parametrize("lock", [EXAMINERS_LOCK, PEERS_LOCK], ids=lambda lock: str(lock.name))
def test_lock_of_programs__declared__all_there_as_declared(lock: Path) -> None:
    declared = lock.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in declared if line and not line.startswith("#")]
    assert wanted
    locked = locked_requirements(lock)
    assert [line for line in wanted if not locked[normal(line)].startswith(f"{line} ")] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_python_lock__each_package__has_version_and_sum(lock: Path) -> None:
    form = re.compile(r"[a-z0-9._-]+==\S+ (?:; [^\\]+)?\\\n    --hash=sha256:[0-9a-f]{64}\b")
    assert [entry for entry in locked_requirements(lock).values() if not form.match(entry)] == []


@pytest.mark.parametrize("folder", NODE_FOLDERS)
def test_node_lock__declared_packages__all_there_as_declared(folder: Path) -> None:
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((folder / NODE_LOCK).read_text(encoding="utf-8"))["packages"]
    assert lock[""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        assert lock[f"node_modules/{name}"]["version"] == version.rpartition("@")[2]


@pytest.mark.parametrize("folder", NODE_FOLDERS)
def test_node_lock__each_package__has_sum(folder: Path) -> None:
    lock = json.loads((folder / NODE_LOCK).read_text(encoding="utf-8"))["packages"]
    sums = [entry.get("integrity", "") for path, entry in lock.items() if path]
    assert sums
    assert [found for found in sums if not found.startswith("sha512-")] == []


def test_locks__text__names_no_address() -> None:
    for lock in (*LOCKS, *(folder / NODE_LOCK for folder in NODE_FOLDERS)):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert re.search(r"^-", text, flags=re.MULTILINE) is None
