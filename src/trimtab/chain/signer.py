"""The key that pays for gas and acts through the Safe: it signs, and shows itself nowhere."""

import re
from dataclasses import dataclass
from typing import NoReturn, SupportsIndex

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_keys.constants import SECPK1_N
from hexbytes import HexBytes

from trimtab.chain.fees import Fees
from trimtab.chain.secret import Secret, read_secret
from trimtab.core.errors import ConfigError, SignerError
from trimtab.core.token import Address, address_from_bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """A type-2 transaction (EIP-1559) before it is signed; gas in units, value in wei."""

    chain: int
    nonce: int
    to: Address
    data: bytes
    value: int
    gas: int
    fees: Fees

    @classmethod
    def of(cls, raw: bytes) -> "Transaction":
        """The transaction that one of our own signed ones carries."""
        found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return cls(
            chain=int(found["chainId"]),
            nonce=int(found["nonce"]),
            to=address_from_bytes(bytes(found["to"])),
            data=bytes(found["data"]),
            value=int(found["value"]),
            gas=int(found["gas"]),
            fees=Fees(int(found["maxFeePerGas"]), int(found["maxPriorityFeePerGas"])),
        )

    def fields(self, sender: Address) -> dict[str, str]:
        """The transaction as the execution API writes one."""
        return {
            "from": sender,
            "to": self.to,
            "data": "0x" + self.data.hex(),
            "value": hex(self.value),
            "gas": hex(self.gas),
            "nonce": hex(self.nonce),
            "maxFeePerGas": hex(self.fees.most),
            "maxPriorityFeePerGas": hex(self.fees.tip),
        }


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction ready to be broadcast, and its hash."""

    raw: bytes
    hash: str


class Signer:
    """Signs transactions of one account."""

    __slots__ = ("_account", "address")

    def __init__(self, secret: Secret) -> None:
        """Raise SignerError, without the key, unless the secret is one in hexadecimal."""
        self._account = _account(secret)
        self.address: Address = address_from_bytes(bytes.fromhex(self._account.address[2:]))

    @classmethod
    def load(cls, source: str) -> "Signer":
        """The signer whose key `env:NAME` or `file:PATH` (mode 0600) holds.

        Raises SignerError in words where there is no key.
        """
        try:
            secret = read_secret(source)
        except ConfigError as error:
            words = str(error)
        else:
            return cls(secret)
        raise SignerError(f"the signer's key: {words}")

    def sign(self, transaction: Transaction) -> Signed:
        """The signed transaction. Raises SignerError for one that cannot be signed."""
        try:
            signed = self._account.sign_transaction(
                {
                    "type": 2,
                    "chainId": transaction.chain,
                    "nonce": transaction.nonce,
                    "to": bytes.fromhex(transaction.to[2:]),
                    "data": transaction.data,
                    "value": transaction.value,
                    "gas": transaction.gas,
                    "maxFeePerGas": transaction.fees.most,
                    "maxPriorityFeePerGas": transaction.fees.tip,
                }
            )
        except Exception:  # noqa: BLE001 (whatever it is, its traceback holds the key)
            signed = None
        if signed is None:
            raise SignerError(f"{transaction} cannot be signed: a field is out of its range")
        return Signed(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())

    def __repr__(self) -> str:
        # It is shown too by a traceback out of the constructor, before there is an address.
        return f"Signer({getattr(self, 'address', '…')})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a signer is neither copied nor pickled: pass it on as it is")


def _account(secret: Secret) -> LocalAccount:
    if secret.reveal().startswith("{"):
        raise SignerError(
            "the signer's key is a JSON keystore: decrypt it, and give the key itself, 64 "
            "hexadecimal digits"
        )
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", secret.reveal()):
        raise SignerError(
            f"the signer's key is not a key: expected 64 hexadecimal digits, there are "
            f"{len(secret.reveal())} characters, which are not shown"
        )
    if not 0 < int(secret.reveal(), 16) < SECPK1_N:
        raise SignerError("the signer's key is not on the curve: it is 0 or too large")
    account: LocalAccount = Account.from_key(secret.reveal())
    return account
