"""A vault, its asset and two accounts, made by hand."""

from __future__ import annotations

from trimtab.core.market import Head, Market, State
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token, address
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.erc4626 import Vault, VaultState
from trimtab.protocols.shared.shares import Shares

CHAIN, NOW = 31337, Timestamp(1_000_000)
ALICE = address("0x" + "a1" * 20)
BOB = address("0x" + "b0" * 20)
HERE = address("0x" + "44" * 20)
USDC = Token(CHAIN, address("0x" + "11" * 20), 6, "USDC")
TOKEN = Erc20(CHAIN, USDC.address, "erc20:USDC", USDC)


def vault(offset: int = 0, *, is_plain: bool = True) -> Vault:
    return Vault(CHAIN, HERE, "erc4626:vUSDC", USDC, offset, "vUSDC", is_plain)


def shares(alice: int = 0, bob: int = 0, allowed: int = 0) -> Shares:
    return Shares(alice + bob, {ALICE: alice, BOB: bob}, {(ALICE, BOB): allowed, (BOB, BOB): 0})


def state(of: Shares, elsewhere: int = 0) -> VaultState:
    return VaultState(NOW, HERE, elsewhere, of, NOW)


def states(market: Vault, of: VaultState, lying: int) -> States:
    """The vault and its asset, of which everybody has a million units and lets the vault take."""
    purses: dict[Address, int] = {ALICE: 10**6, BOB: 10**6, HERE: lying}
    allowed = {(owner, HERE): 10**6 for owner in (ALICE, BOB)}
    token = Erc20State(NOW, USDC, purses, allowed)
    markets: dict[str, Market[State]] = {TOKEN.id: TOKEN, market.id: market}
    head = Head(CHAIN, 1, "0x", NOW)
    return States(CHAIN, {CHAIN: head}, markets, {TOKEN.id: token, market.id: of})  # type: ignore[arg-type]
