"""The local chain's node as a child process that ends with us."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from trimtab.core.errors import ConfigError
from trimtab.lab.world.artifacts import package
from trimtab.lab.world.rpc import Rpc

HARDFORK = "prague"
_BINARY = "@foundry-rs/anvil-linux-amd64/bin/anvil"
_LISTENING = re.compile(r"Listening on (127\.0\.0\.1:\d+)")
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.002

# A parent that is killed runs no clean-up code, and a node left behind would run for ever. So the
# child asks the kernel to end it with its parent (PR_SET_PDEATHSIG is 1), makes sure that the
# parent has not ended before, and becomes the node. A function between fork and exec could do
# the same, but may deadlock in a process with threads.
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that asked for a node has ended")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """How the chain begins; two nodes of one specification give the same chain.

    The block gas limit is high enough for a whole deployment in one block. Blocks are mined
    only on demand, so that their content and time are the caller's.
    """

    chain_id: int = 31337
    timestamp: int = 1_700_000_000
    accounts: int = 20
    base_fee: int = 1_000_000_000
    gas_limit: int = 1_000_000_000
    history: int = 512
    """Blocks whose states can still be read. Older ones are dropped: on disk, where the node
    would put them otherwise, each takes megabytes and outlives the node."""
    state: Path | None = None
    """A file that `dump_state` wrote, to start from instead of an empty chain."""


class Anvil:
    """A running node on a free loopback port, used as a context manager.

    Start it in a thread that lives as long as it should: the kernel ends it with that thread.
    """

    def __init__(self, spec: NodeSpec | None = None) -> None:
        self.spec = spec or NodeSpec()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the node ends)
        self._process = subprocess.Popen(  # noqa: S603 (programs of ours, no shell)
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *_command(self.spec)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self.url = f"http://{self._wait_for_address()}"
            self.rpc = Rpc(self.url)
            # Requests would be logged one by one otherwise, for as long as the node lives.
            self.rpc("anvil_setLoggingEnabled", False)
        except BaseException:
            self._end_process()
            raise

    @property
    def process_id(self) -> int:
        """The node's process."""
        return self._process.pid

    def dump_state(self, path: Path) -> None:
        """Write the whole chain to a file that `NodeSpec.state` can name."""
        dumped = self.rpc("anvil_dumpState")
        assert isinstance(dumped, str)
        path.write_bytes(gzip.decompress(bytes.fromhex(dumped[2:])))

    def close(self) -> None:
        """End the node, and wait until it has ended."""
        self.rpc.close()
        self._end_process()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_for_address(self) -> str:
        """Where the node says it listens.

        The node picks the port itself: a port chosen here could be taken by another process
        before the node binds it, and that process might even be another node that answers.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            ended = self._process.poll()
            if found := _LISTENING.search(self._output()):
                return found[1]
            if ended is not None:
                raise ConfigError(f"anvil ended with status {ended}: {self._output()[-800:]}")
            time.sleep(_POLL_SECONDS)
        raise ConfigError(f"anvil did not listen within {_START_SECONDS:.0f} s")

    def _output(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def _end_process(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _command(spec: NodeSpec) -> list[str]:
    options: dict[str, str | int] = {
        "--host": "127.0.0.1",
        "--port": 0,
        "--order": "fifo",
        "--hardfork": HARDFORK,
        "--chain-id": spec.chain_id,
        "--timestamp": spec.timestamp,
        "--accounts": spec.accounts,
        "--base-fee": spec.base_fee,
        "--gas-limit": spec.gas_limit,
        "--prune-history": spec.history,
    }
    if spec.state is not None:
        options["--load-state"] = str(spec.state)
    switches = ["--no-mining", "--no-request-size-limit", "--disable-min-priority-fee"]
    pairs = [str(word) for option in options.items() for word in option]
    return [str(package(_BINARY)), *pairs, *switches]
