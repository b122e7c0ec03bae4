from pathlib import Path

import msgspec
import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import address
from trimtab.lab.world.artifacts import (
    WORLD_VARIABLE,
    Artifact,
    Item,
    Parameter,
    Reference,
    package,
    world_directory,
)

LIBRARY = address("0x" + "ab" * 20)
HOLE = "__$0123456789abcdef0123456789abcdef01$__"


def linked_artifact() -> Artifact:
    return Artifact(
        abi=(),
        bytecode=f"0x60{HOLE}61{HOLE}62",
        deployed_bytecode="0x6001",
        link_references={"Maths.sol": {"Maths": (Reference(1, 20), Reference(22, 20))}},
        contract_name="User",
    )


def test_creation_code__library_given__in_every_place() -> None:
    code = linked_artifact().creation_code({"Maths": LIBRARY, "Other": LIBRARY})
    library = bytes.fromhex("ab" * 20)
    assert code == b"\x60" + library + b"\x61" + library + b"\x62"


def test_creation_code__library_missing__named() -> None:
    with pytest.raises(ConfigError, match="User needs the library Maths"):
        linked_artifact().creation_code({})


def test_creation_code__hole_without_reference__refused() -> None:
    unlinked = Artifact(abi=(), bytecode=HOLE, deployed_bytecode="", contract_name="User")
    with pytest.raises(ConfigError, match="code of User has a library that is not linked"):
        unlinked.creation_code({})


def test_runtime_code__of_artifact__as_bytes() -> None:
    assert linked_artifact().runtime_code == b"\x60\x01"


COMMON = '{"contractName": "C", "abi": [], "bytecode": "0x01", "deployedBytecode": "0x02", '
HARDHAT = COMMON + '"linkReferences": {}, "sourceName": "C.sol"}'
TRUFFLE = COMMON + '"schemaVersion": "3.0.0", "networks": {}}'


@pytest.mark.parametrize("text", [HARDHAT, TRUFFLE])
def test_artifact__hardhat_or_truffle__same(text: str) -> None:
    expected = Artifact((), "0x01", "0x02", contract_name="C")
    assert msgspec.json.decode(text, type=Artifact) == expected


def test_signature__nested_tuples__spelt_out() -> None:
    inner = Parameter("tuple[2]", components=(Parameter("address"), Parameter("bytes")))
    outer = Parameter("tuple[]", components=(Parameter("uint256"), inner))
    item = Item("function", "go", (outer, Parameter("bool")))
    assert item.signature == "go((uint256,(address,bytes)[2])[],bool)"


def test_selector__transfer__as_everyone_knows_it() -> None:
    item = Item("function", "transfer", (Parameter("address"), Parameter("uint256")))
    assert item.selector == bytes.fromhex("a9059cbb")


def test_world_directory__nothing_installed__says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(WORLD_VARIABLE, str(tmp_path))
    with pytest.raises(ConfigError, match=f"{tmp_path} has no node_modules. Run `make setup`"):
        world_directory()


def test_package__not_there__named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "here").mkdir(parents=True)
    monkeypatch.setenv(WORLD_VARIABLE, str(tmp_path))
    assert package("here") == tmp_path / "node_modules" / "here"
    with pytest.raises(ConfigError, match="@aave/core-v3 is not installed"):
        package("@aave/core-v3")
