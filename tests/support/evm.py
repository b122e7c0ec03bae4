"""A local chain's whole state in an in-process EVM: thousands of transactions a second.

Each `call` is a transaction of its own: the sender is its origin, transient storage is empty,
gas is plenty and free, the base fee is zero, and state is kept only if it succeeds. What differs
from a chain: which slots are warm, and therefore the gas used; nonces of senders; block hashes.
"""

import gzip
import re
from dataclasses import dataclass, field

import msgspec
import pyrevm

from trimtab.core.abi import Answer, Log
from trimtab.core.token import Address, address
from trimtab.lab.world.deploy import head
from trimtab.lab.world.node import HARDFORK
from trimtab.lab.world.rpc import Rpc

GAS = 100_000_000
READER = Address("0x" + "0" * 39 + "1")

_REVERT = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}")
_HALT = re.compile(r"Halt \{ reason: .* \}")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    checkpoint: pyrevm.JournalCheckpoint
    block: int
    time: int
    logs: int


@dataclass(slots=True)
class Evm:
    """The loaded world, as `load` makes it."""

    block: int
    time: int
    _evm: pyrevm.EVM
    _snapshots: list[_Snapshot] = field(default_factory=list)
    _calls: int = 0
    _logs: int = 0

    def call(
        self, sender: Address, to: Address, data: bytes, value: int = 0
    ) -> tuple[bool, bytes, tuple[Log, ...]]:
        """Success, return or revert data, and logs of a transaction; kept if it succeeds.

        The sender may not be a contract (EIP-3607). Each log's `transaction` is made of the
        number of the call, since there is no hash.
        """
        ok, returned = self._run(sender, to, data, value)
        self._calls += 1
        logs = self._emitted() if ok else ()
        self._logs += len(logs)
        return ok, returned, logs

    def static(self, to: Address, data: bytes, sender: Address = READER) -> Answer:
        """What a call returns, or reverts with; nothing of it is kept.

        As with `eth_call`, it may change state on the way, as a quoter does.
        """
        before = self._evm.snapshot()
        ok, returned = self._run(sender, to, data, 0)
        self._evm.revert(before)
        return Answer(ok, returned)

    def slot(self, to: Address, number: int) -> Answer:
        """The word in a storage slot."""
        return Answer(True, self._evm.storage(to, number).to_bytes(32, "big"))

    def set_time(self, timestamp: int) -> None:
        """Begin the next block, of this time. Only `revert` goes back."""
        assert timestamp >= self.time, f"{timestamp} is before {self.time}"
        self._begin_block(self.block + 1, timestamp)

    def snapshot(self) -> int:
        """A number that `revert` takes to come back to this state and time."""
        checkpoint = self._evm.snapshot()
        self._snapshots.append(_Snapshot(checkpoint, self.block, self.time, self._logs))
        return len(self._snapshots) - 1

    def revert(self, snapshot: int) -> None:
        """Undo everything since a snapshot, which is used up, as are all later ones."""
        assert snapshot < len(self._snapshots), f"snapshot {snapshot} is used up"
        while len(self._snapshots) > snapshot:  # the EVM counts its depth wrongly otherwise
            back_to = self._snapshots.pop()
            self._evm.revert(back_to.checkpoint)
            self._logs = back_to.logs
            self._begin_block(back_to.block, back_to.time)

    def _begin_block(self, number: int, timestamp: int) -> None:
        self.block, self.time = number, timestamp
        self._evm.set_block_env(_block_env(number, timestamp))

    def _run(self, sender: Address, to: Address, data: bytes, value: int) -> tuple[bool, bytes]:
        self._evm.reset_transient_storage()
        try:
            returned = self._evm.message_call(
                caller=sender, to=to, calldata=data, value=value, gas=GAS, gas_price=0
            )
        except RuntimeError as error:  # the only place where revert data is to be had
            if reverted := _REVERT.fullmatch(str(error)):
                return False, bytes.fromhex(reverted[1])
            if _HALT.fullmatch(str(error)):
                return False, b""
            raise
        return True, returned

    def _emitted(self) -> tuple[Log, ...]:
        result = self._evm.result
        assert result is not None
        return tuple(
            Log(
                address(log.address),
                tuple(bytes.fromhex(topic[2:]) for topic in log.topics),
                log.data[1],
                self.block,
                self.time,
                f"0x{self._calls:064x}",
                self._logs + index,
            )
            for index, log in enumerate(result.logs)
        )


class _Account(msgspec.Struct):
    nonce: int | str
    balance: int | str
    code: str
    storage: dict[str, int | str]


class _Dump(msgspec.Struct):
    accounts: dict[str, _Account]


def load(rpc: Rpc) -> Evm:
    """Every account, code and storage slot of the node's latest state, at its latest block."""
    dumped = rpc("anvil_dumpState")
    assert isinstance(dumped, str)
    dump = msgspec.json.decode(gzip.decompress(bytes.fromhex(dumped[2:])), type=_Dump)
    at = head(rpc)
    block = _block_env(at.number, at.timestamp)
    environment = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=at.chain), block=block)
    evm = pyrevm.EVM(env=environment, spec_id=HARDFORK.upper())
    for holder, account in dump.accounts.items():
        info = pyrevm.AccountInfo(
            nonce=_number(account.nonce),
            balance=_number(account.balance),  # type: ignore[call-arg]  # the stub lacks it
            code=bytes.fromhex(account.code[2:]),
        )
        evm.insert_account_info(holder, info)
        for slot, value in account.storage.items():
            evm.insert_account_storage(holder, _number(slot), _number(value))
    return Evm(at.number, at.timestamp, evm)


def _block_env(number: int, timestamp: int) -> pyrevm.BlockEnv:
    return pyrevm.BlockEnv(number=number, timestamp=timestamp, gas_limit=10 * GAS, basefee=0)


def _number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)
