"""Drawn actions at vaults: nothing, dust, all of it and one unit around it, gifts, empty vaults."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    MintShares,
    RedeemShares,
    Supply,
    Transfer,
    Withdraw,
)
from trimtab.core.market import token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.erc4626 import Totals, Vault, preview_redeem, preview_withdraw, totals
from trimtab.protocols.shared.reverts import RevertError

STRANGER = Address("0x" + "5" * 40)

Scene = tuple[States, Vault, Address, tuple[Address, ...]]
"""The states, the vault at hand, who acts, and all who may."""


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Something with any vault; mostly by an actor whom the vault may charge, or who has shares."""
    vaults = [market for market in states.markets.values() if isinstance(market, Vault)]
    vault, actor = vaults[draw(_PART) % len(vaults)], owners[draw(_PART) % len(owners)]
    asked: Kind = draw(_KIND)
    holders = [owner for owner in owners if states[vault].shares.balance(owner)]
    if asked in (_withdraw, _redeem, _give_shares) and actor not in holders and not _rarely(draw):
        actor = holders[draw(_PART) % len(holders)] if holders else actor
        asked = asked if holders else _supply
    if asked in (_supply, _mint) and not _rarely(draw):
        wallet = _wallet(states, vault)
        if 2 * wallet.allowance(actor, vault.address) <= wallet.balance(actor):
            raw = draw(st.sampled_from([UINT256_MAX, UINT256_MAX, wallet.balance(actor)]))
            return Approve(actor, token_market(vault.asset), vault.asset, vault.address, raw)
    return asked(draw, (states, vault, actor, owners))


# ------------------------------------------------------------------------------- in and out


def _supply(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    balance = _wallet(states, vault).balance(actor)
    # Enough for one share, and one unit less: where a gift made shares dear, that pays for none.
    one = _or_none(lambda of: preview_redeem(of, 1) + 1, states, vault)
    raw = _raws(draw, balance // 20, balance // 3, balance, one, vault.asset.unit)
    return Supply(actor, vault.id, vault.asset, raw, _recipient(draw, scene))


def _mint(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    balance = _wallet(states, vault).balance(actor)
    most = _or_none(lambda of: preview_withdraw(of, balance), states, vault)
    shares = _raws(draw, most // 20, most // 3, most, states[vault].shares.supply)
    return MintShares(actor, vault.id, vault.asset, shares, _recipient(draw, scene))


def _withdraw(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    owned = states[vault].shares.balance(actor)
    worth = _or_none(lambda of: preview_redeem(of, owned), states, vault)
    lying = _wallet(states, vault).balance(vault.address)
    amount = ALL if _rarely(draw) else _raws(draw, worth, worth, lying)
    return Withdraw(actor, vault.id, vault.asset, amount, _recipient(draw, scene))


def _redeem(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    state = states[vault]
    owned = state.shares.balance(actor)
    amount = ALL if _rarely(draw) else _raws(draw, owned, owned, owned, state.shares.supply)
    return RedeemShares(actor, vault.id, vault.asset, amount, _recipient(draw, scene))


# ----------------------------------------------------------------- transfers and allowances


def _donate(draw: Draw, scene: Scene) -> Action:
    """A gift to all shares, or to nobody where there are none: the attack on who comes first."""
    states, vault, actor, _ = scene
    balance = _wallet(states, vault).balance(actor)
    raw = min(balance, _raws(draw, balance // 100, states[vault].shares.supply))
    return Transfer(actor, token_market(vault.asset), vault.asset, vault.address, raw)


def _give_shares(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    raw = _raws(draw, states[vault].shares.balance(actor))
    return Transfer(actor, vault.id, vault.share, _recipient(draw, scene), raw)


def _allow(draw: Draw, scene: Scene) -> Action:
    states, vault, actor, _ = scene
    spenders = (vault.address, STRANGER, ZERO_ADDRESS)
    raw = _raws(draw, states[vault].shares.balance(actor))
    return Approve(actor, vault.id, vault.share, draw(st.sampled_from(spenders)), raw)


# ------------------------------------------------------------------------------------- shared
# Strategies are made once: to make one takes longer than to draw from it.

Kind = Callable[[Draw, Scene], Action]
_KIND = st.sampled_from(
    [_supply] * 5
    + [_mint] * 4
    + [_withdraw] * 5
    + [_redeem] * 5
    + [_donate] * 3
    + [_give_shares, _give_shares, _allow]
)
_TWELFTH = st.integers(0, 11)
_PART = st.integers(1, 1000)
_BESIDE = st.integers(-1, 1)
_DUST = st.one_of(st.integers(0, 4), st.integers(0, 10**4))
_BOUND = st.sampled_from([0, 1, 2**128, 2**255, UINT256_MAX - 1, UINT256_MAX])


def _raws(draw: Draw, *marks: int) -> int:
    """Base units: a part of a mark, at it or one beside it, dust, or a bound."""
    there = [mark for mark in marks if mark > 0] or [10**6]
    mark: int = there[draw(_PART) % len(there)]
    match draw(_TWELFTH):
        case 0 | 1 | 2 | 3:
            raw = mark * int(draw(_PART)) // 1000
        case 4 | 5 | 6 | 7 | 8:
            raw = mark + int(draw(_BESIDE))
        case 9 | 10:
            raw = int(draw(_DUST))
        case _:
            raw = int(draw(_BOUND))
    return min(max(0, raw), UINT256_MAX)


def _rarely(draw: Draw) -> bool:
    """True one time in twelve; Hypothesis favours the ends of a range."""
    return bool(draw(_TWELFTH) == 6)


def _recipient(draw: Draw, scene: Scene) -> Address:
    """Mostly the actor; at times another owner, a stranger, nobody, or the vault itself."""
    _, vault, actor, owners = scene
    others = (*owners, STRANGER, ZERO_ADDRESS, vault.address)
    at = int(draw(_TWELFTH)) - 12 + len(others)
    return others[at] if at >= 0 and draw(_BESIDE) else actor


def _wallet(states: States, vault: Vault) -> Erc20State:
    state = states.state(token_market(vault.asset))
    assert isinstance(state, Erc20State)
    return state


def _or_none(previewed: Callable[[Totals], int], states: States, vault: Vault) -> int:
    try:
        return previewed(totals(states, vault))
    except RevertError:
        return 0


PORT = Port(
    "erc4626",
    actions,
    ("Supply", "Withdraw", "MintShares", "RedeemShares", "Transfer", "Approve"),
    protocols=("erc20", "erc4626"),
    world=CREDIT_WORLD,
)
