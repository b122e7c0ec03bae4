"""What shares cost and give, with the contract's names and roundings; nothing is moved.

Source: OpenZeppelin's ERC4626.sol. Each preview raises RevertError, with its panic, where the
contract's does: a result, or a sum of totals, that 256 bits do not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.reverts import checked
from trimtab.protocols.shared.rounding import mul_div_down, mul_div_up

MAX_DEPOSIT = MAX_MINT = UINT256_MAX
"""What may be paid in, of assets or for shares: anything."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All assets and all shares of a vault, and the power of ten of its virtual shares."""

    assets: int
    shares: int
    offset: int

    @property
    def virtual_assets(self) -> int:
        """All assets and the one that nobody paid in."""
        return checked(self.assets + 1)

    @property
    def virtual_shares(self) -> int:
        """All shares and those that nobody has, so that an empty vault has a price too."""
        return checked(self.shares + 10**self.offset)


def totals(states: States, vault: Vault) -> Totals:
    """The totals of a vault. Raises MissingRead where its asset was not read."""
    state: VaultState = states[vault]
    lying = tokens.balances(states, vault.asset).balance(vault.address)
    return Totals(lying + state.elsewhere, state.shares.supply, vault.offset)


def exchange_rate(of: Totals) -> Fraction:
    """Base units of the asset for one base unit of a share, before any rounding."""
    return Fraction(of.virtual_assets, of.virtual_shares)


# ----------------------------------------------------------------------------------- previews


def convert_to_shares(of: Totals, assets: int) -> int:
    """Shares that assets stand for, rounded down."""
    return checked(mul_div_down(assets, of.virtual_shares, of.virtual_assets))


def convert_to_assets(of: Totals, shares: int) -> int:
    """Assets that shares stand for, rounded down."""
    return checked(mul_div_down(shares, of.virtual_assets, of.virtual_shares))


def preview_deposit(of: Totals, assets: int) -> int:
    """Shares that paying in assets gives, rounded down."""
    return convert_to_shares(of, assets)


def preview_mint(of: Totals, shares: int) -> int:
    """Assets that shares cost, rounded up."""
    return checked(mul_div_up(shares, of.virtual_assets, of.virtual_shares))


def preview_withdraw(of: Totals, assets: int) -> int:
    """Shares that taking out assets costs, rounded up."""
    return checked(mul_div_up(assets, of.virtual_shares, of.virtual_assets))


def preview_redeem(of: Totals, shares: int) -> int:
    """Assets that giving back shares gives, rounded down."""
    return convert_to_assets(of, shares)


# ------------------------------------------------------------------------------------- limits


def max_redeem(state: VaultState, owner: Address) -> int:
    """The most shares that an owner can give back: all that there are."""
    return state.shares.balance(owner)


def max_withdraw(of: Totals, state: VaultState, owner: Address) -> int:
    """The most assets that an owner can take out: what all of the owner's shares give."""
    return preview_redeem(of, max_redeem(state, owner))
