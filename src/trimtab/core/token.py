"""Tokens and amounts: whatever is money is an integer with a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType

from eth_utils.address import to_checksum_address

from trimtab.core.errors import ConfigError

Address = NewType("Address", str)
"""A checksummed (EIP-55) account or contract address."""

ZERO_ADDRESS = Address("0x" + "0" * 40)


def address(text: str) -> Address:
    """The address that `text` writes; mixed case must carry a right EIP-55 checksum.

    Raises ConfigError with the right spelling when the checksum is wrong.
    """
    digits = text[2:]
    if not text.startswith("0x") or len(digits) != 40 or not _is_hexadecimal(digits):
        raise ConfigError(f"{text!r} is not an address: expected 0x and 40 hexadecimal digits")
    checksummed = to_checksum_address("0x" + digits.lower())
    if digits not in (digits.lower(), digits.upper(), checksummed[2:]):
        raise ConfigError(
            f"{text} has a wrong checksum: a digit was mistyped, or it should read {checksummed}"
        )
    return Address(checksummed)


def address_from_bytes(raw: bytes) -> Address:
    """The address in the last 20 bytes of a word, checksummed."""
    return _checksummed(raw[-20:])


@lru_cache(maxsize=2**16)
def _checksummed(raw: bytes) -> Address:
    # A checksum is a hash, and every log names addresses that were seen before.
    return Address(to_checksum_address("0x" + raw.hex()))


def _is_hexadecimal(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)


PLAIN = "erc20"
"""The issuer of tokens that are nothing else."""


@dataclass(frozen=True, slots=True)
class Token:
    """An ERC-20 token: its chain and address are its identity, never its symbol.

    `issuer` is the protocol whose market owns the balances: `erc20` of a plain token, else that
    of the contract whose shares these are.
    """

    chain: int
    address: Address
    decimals: int = field(compare=False)
    symbol: str = field(compare=False)
    issuer: str = field(default=PLAIN, compare=False, repr=False)

    @property
    def is_plain(self) -> bool:
        """Whether it is a token by itself, and no share that a protocol issues."""
        return self.issuer == PLAIN

    @property
    def unit(self) -> int:
        """Base units in one whole token."""
        return int(10**self.decimals)

    def amount(self, raw: int) -> Amount:
        """`raw` base units of this token."""
        return Amount(self, raw)

    def __str__(self) -> str:
        return self.symbol


@dataclass(frozen=True, slots=True)
class Amount:
    """An integer number of base units of one token; differences may be negative.

    Addition is defined within one token only, multiplication by a float not at all.
    """

    token: Token
    raw: int

    def __post_init__(self) -> None:
        if type(self.raw) is not int:
            raise TypeError(f"an amount holds whole base units, not {self.raw!r}: use quantise")

    def __add__(self, other: Amount) -> Amount:
        return Amount(self._same(other), self.raw + other.raw)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self._same(other), self.raw - other.raw)

    def __neg__(self) -> Amount:
        return Amount(self.token, -self.raw)

    def __lt__(self, other: Amount) -> bool:
        self._same(other)
        return self.raw < other.raw

    def __le__(self, other: Amount) -> bool:
        self._same(other)
        return self.raw <= other.raw

    def __str__(self) -> str:
        sign, digits = ("-" if self.raw < 0 else ""), abs(self.raw)
        whole, part = divmod(digits, self.token.unit)
        decimals = f"{part:0{self.token.decimals}d}".rstrip("0") if self.token.decimals else ""
        return f"{sign}{whole:,}{'.' + decimals if decimals else ''} {self.token.symbol}"

    def _same(self, other: Amount) -> Token:
        if self.token != other.token:
            raise TypeError(f"{self} and {other} are amounts of different tokens")
        return self.token
