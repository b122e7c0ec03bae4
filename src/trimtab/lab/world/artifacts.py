"""The installed world: where it is, and the contracts that its packages carry as compiled code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from trimtab.core.abi import selector
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address

WORLD_VARIABLE = "TRIMTAB_WORLD"
_CHECKOUT = Path(__file__).resolve().parents[4]
_CHECKOUT_WORLD = _CHECKOUT / "world"
_CONTRACTS = (_CHECKOUT / "contracts", Path(__file__).parent / "contracts")
"""Where the sources of our own contracts are: in a checkout, and in an installed package."""

# ------------------------------------------------------------------------------------ places


def world_directory() -> Path:
    """The directory that holds `node_modules`: `$TRIMTAB_WORLD`, else `world/` of the checkout.

    Raises ConfigError if no packages are installed there.
    """
    named = os.environ.get(WORLD_VARIABLE)
    directory = Path(named).expanduser().resolve() if named else _CHECKOUT_WORLD
    if not (directory / "node_modules").is_dir():
        raise ConfigError(
            f"the local world is not installed: {directory} has no node_modules. "
            f"Run `make setup`, or name another directory in {WORLD_VARIABLE}"
        )
    return directory


def package(path: str) -> Path:
    """The file or directory at `path` inside `node_modules`.

    Raises ConfigError if it is not there.
    """
    found = world_directory() / "node_modules" / path
    if not found.exists():
        raise ConfigError(f"{path} is not installed in {world_directory()}: run `make setup`")
    return found


def contracts_directory() -> Path:
    """The directory of our own contracts' sources. Raises ConfigError if there is none."""
    for directory in _CONTRACTS:
        if directory.is_dir():
            return directory
    raise ConfigError(
        f"the sources of the contracts are missing, expected in {_CONTRACTS[0]}: install trimtab "
        "again, or run it from a checkout"
    )


def cache_directory(name: str) -> Path:
    """A directory for what can be made again; it exists on return."""
    directory = world_directory() / ".cache" / name
    directory.mkdir(parents=True, exist_ok=True)
    return directory


# --------------------------------------------------------------------------------------- ABI


class Parameter(msgspec.Struct, frozen=True):
    """One input or output of a function, event or error, as an ABI file states it."""

    type: str
    name: str = ""
    components: tuple[Parameter, ...] = ()

    @property
    def canonical(self) -> str:
        """The type as signatures write it, tuples spelt out."""
        if not self.type.startswith("tuple"):
            return self.type
        return canonical(self.components) + self.type.removeprefix("tuple")


def canonical(parameters: tuple[Parameter, ...]) -> str:
    """The types of several parameters in brackets, as one tuple."""
    return "(" + ",".join(parameter.canonical for parameter in parameters) + ")"


class Item(msgspec.Struct, frozen=True):
    """One entry of an ABI: a function, a constructor, an event or an error."""

    type: str
    name: str = ""
    inputs: tuple[Parameter, ...] = ()
    outputs: tuple[Parameter, ...] = ()

    @property
    def signature(self) -> str:
        """The name with its input types, such as `transfer(address,uint256)`."""
        return self.name + canonical(self.inputs)

    @property
    def selector(self) -> bytes:
        """The first four bytes of the hashed signature."""
        return selector(self.signature)


Abi = tuple[Item, ...]

# --------------------------------------------------------------------------------- artifacts


class Reference(msgspec.Struct, frozen=True):
    """Where in the code, in bytes, a library's address belongs."""

    start: int
    length: int


References = Mapping[str, Mapping[str, tuple[Reference, ...]]]
"""Source file, then library name, then places in the code."""


class Artifact(msgspec.Struct, frozen=True, rename="camel"):
    """A compiled contract, by the names that hardhat's files have."""

    abi: Abi
    bytecode: str
    deployed_bytecode: str
    link_references: References = {}
    contract_name: str = ""

    def creation_code(self, libraries: Mapping[str, Address]) -> bytes:
        """The code that creates the contract, with the addresses of its libraries put in.

        Raises ConfigError if a library is missing.
        """
        code = self.bytecode.removeprefix("0x")
        for of_source in self.link_references.values():
            for library, places in of_source.items():
                if library not in libraries:
                    raise ConfigError(
                        f"{self.contract_name} needs the library {library}: deploy it first"
                    )
                for place in places:
                    start, end = 2 * place.start, 2 * (place.start + place.length)
                    code = code[:start] + libraries[library][2:].lower() + code[end:]
        return _code_bytes(code, self.contract_name)

    @property
    def runtime_code(self) -> bytes:
        """The code as it lies on the chain, for contracts without libraries and immutables."""
        return _code_bytes(self.deployed_bytecode.removeprefix("0x"), self.contract_name)


def _code_bytes(code: str, name: str) -> bytes:
    try:
        return bytes.fromhex(code)
    except ValueError:
        raise ConfigError(f"the code of {name} has a library that is not linked") from None


class _Code(msgspec.Struct, frozen=True):
    object: str


class _Evm(msgspec.Struct, frozen=True, rename="camel"):
    deployed_bytecode: _Code


class _Answer(msgspec.Struct, frozen=True):
    """A file that keeps the compiler's own answer, as waffle's do; it has no libraries."""

    abi: Abi
    bytecode: str
    evm: _Evm | None = None


@cache
def artifact(path: str) -> Artifact:
    """The artifact in a JSON file, named by its path inside `node_modules`.

    Raises ConfigError if the file is missing or is no artifact.
    """
    content = package(path).read_bytes()
    try:
        answer = msgspec.json.decode(content, type=_Answer)
        if answer.evm is None:
            return msgspec.json.decode(content, type=Artifact)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is not a contract artifact: {error}") from error
    deployed = answer.evm.deployed_bytecode.object
    return Artifact(answer.abi, answer.bytecode, deployed, contract_name=Path(path).stem)
