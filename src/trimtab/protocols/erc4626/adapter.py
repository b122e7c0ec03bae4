"""The ERC-4626 adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, call_data
from trimtab.core.actions import (
    Action,
    Approve,
    MintShares,
    RedeemShares,
    Supply,
    Transfer,
    Withdraw,
)
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Audit, Holding, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.erc4626 import encode, model, reads
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.erc4626.model import events, verbs
from trimtab.protocols.erc4626.model.routes import VaultAction, known
from trimtab.protocols.shared.open_zeppelin import approved, transferred
from trimtab.protocols.shared.reverts import RevertError


class Erc4626Adapter:
    """A vault's shares and what they are worth; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[VaultState]) -> tuple[Read, ...]:
        """The whole vault, in one round."""
        return reads.reads(cast(Vault, question.market), question)

    def decode(self, question: Question[VaultState], answers: Sequence[Answer]) -> VaultState:
        """The state that the answers give."""
        return reads.decode(cast(Vault, question.market), question, answers)

    def accrue(self, state: VaultState, at: Timestamp) -> VaultState:
        """The state at a later moment: nothing of a plain vault changes by time."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """Assets for shares or the reverse, or what an owner does with shares."""
        vault = cast(Vault, states.market(action.market))
        try:
            return _applied(states, vault, known(vault, action))
        except RevertError as error:
            return error.outcome

    def observe(self, state: VaultState, log: Log) -> VaultState:
        """The state after an event of the vault."""
        return events.observe(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        vault = cast(Vault, states.market(action.market))
        return (encode.encoded(vault, states[vault], known(vault, action)),)

    def holdings(
        self, states: States, market: Market[VaultState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's shares, by what giving them back brings."""
        vault, state = cast(Vault, market), states[market]
        owned = state.shares.balance(account)
        if not owned:
            return ()
        worth = model.preview_redeem(model.totals(states, vault), owned)
        return (Holding(vault.place, owned, worth),)

    def emitters(self, market: Market[VaultState]) -> tuple[Address, ...]:
        """The vault, and its asset: a gift to the vault moves what its shares are worth."""
        vault = cast(Vault, market)
        return (vault.address, vault.asset.address)

    def audits(
        self, market: Market[VaultState], state: VaultState | None, account: Address
    ) -> tuple[Audit, ...]:
        """What the account could take out, as the vault states it."""
        vault = cast(Vault, market)
        asked = call_data("maxWithdraw(address)", account)
        return (Audit(vault.place, Read(vault.address, asked)),)

    def narrow(self, state: VaultState, accounts: Accounts) -> VaultState:
        """The vault with the shares of these accounts."""
        return replace(state, shares=state.shares.narrow(accounts))

    def taken_over(self, state: VaultState, owned: VaultState, accounts: Accounts) -> VaultState:
        """The vault with the shares that the owners have in `owned`."""
        return replace(state, shares=state.shares.taken_over(owned.shares, accounts.owners))


def _applied(states: States, vault: Vault, action: VaultAction) -> Applied:
    match action:
        case Supply():
            return verbs.deposit(states, vault, action)
        case MintShares():
            return verbs.mint(states, vault, action)
        case Withdraw():
            return verbs.withdraw(states, vault, action)
        case RedeemShares():
            return verbs.redeem(states, vault, action)
        case Transfer(actor=owner):
            state: VaultState = states[vault]
            shares = transferred(state.shares, owner, action.to, action.amount)
            return Applied({vault.id: replace(state, shares=shares)})
        case Approve(actor=owner):
            state = states[vault]
            shares = approved(state.shares, owner, action.spender, action.amount)
            return Applied({vault.id: replace(state, shares=shares)})
