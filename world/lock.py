"""Renew each package-lock.json from its package.json: `python world/lock.py`.

Contract packages are locked without the dependencies that they declare: some name git repositories,
others drag in whole toolchains, and none is needed to read bytecode. Tools are resolved by npm as
usual. The lock holds versions and sha512 sums and no address, so npm takes each package from
whatever registry it is configured for, and what arrives is checked all the same.
"""

import base64
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from npm import WORLD, npm

# What npm resolves with its dependencies; every other package is read as files and never run.
TOOLS = (
    *("@foundry-rs/anvil-linux-amd64", "@foundry-rs/forge-linux-amd64"),
    *("solc-0.8.19", "solc-0.8.24", "solc-0.8.30"),
)

# What `npm ci` needs to know of a package. `resolved`, an address, is left out on purpose.
KEPT = {
    *("name", "version", "integrity", "license", "bin", "cpu", "os", "engines"),
    *("dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"),
    *("optional", "dev", "peer"),
}


def integrity(name: str, version: str, directory: Path) -> str:
    """The sha512 sum of a package, of its tarball where the registry states only an older sum."""
    stated = npm(["view", f"{name}@{version}", "dist.integrity"], directory, capture=True).strip()
    if stated.startswith("sha512-"):
        return stated
    packed = npm(["pack", f"{name}@{version}", "--silent"], directory, capture=True).split()[-1]
    digest = hashlib.sha512((directory / packed).read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode()


def lock(package: dict[str, Any]) -> dict[str, Any]:
    """The npm lock of a package description."""
    wanted = package["dependencies"]
    tools = {name: wanted[name] for name in TOOLS if name in wanted}
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        (directory / "package.json").write_text(json.dumps(package | {"dependencies": tools}))
        npm(["install", "--package-lock-only", "--ignore-scripts"], directory)
        locked: dict[str, Any] = json.loads((directory / "package-lock.json").read_text())
        entries = {
            path: {key: value for key, value in entry.items() if key in KEPT}
            for path, entry in locked["packages"].items()
            if path
        }
        for name, version in wanted.items():
            if name not in tools:
                entry = {"version": version, "integrity": integrity(name, version, directory)}
                entries[f"node_modules/{name}"] = entry
    root = {key: package[key] for key in ("name", "version", "license", "dependencies")}
    return locked | {"packages": {"": root} | dict(sorted(entries.items()))}


def main() -> None:
    """Write each lock where it changes, unless an address is left in it."""
    for folder in (WORLD, WORLD.parent / "tests" / "postgres"):
        path = folder / "package-lock.json"
        text = json.dumps(lock(json.loads((folder / "package.json").read_text())), indent=2) + "\n"
        if "://" in text:
            raise SystemExit("the lock would hold an address; see KEPT in world/lock.py")
        # An untouched file spares the world, which may be in use, a new installation.
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
