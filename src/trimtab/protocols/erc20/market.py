"""Identity and state of a plain ERC-20 token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from trimtab.core.errors import MissingRead
from trimtab.core.market import Accounts, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Movement, Reverted
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.erc20 import model


@dataclass(frozen=True, slots=True)
class Erc20State:
    """Balances of tracked holders and allowances of tracked (owner, spender) pairs."""

    timestamp: Timestamp
    token: Token
    balances: Mapping[Address, int]
    allowances: Mapping[tuple[Address, Address], int]

    # queries

    def balance(self, account: Address) -> int:
        """Base units of a tracked account. Raises MissingRead for one that is not tracked."""
        try:
            return self.balances[account]
        except KeyError:
            raise MissingRead(
                f"the {self.token.symbol} balance of {account} is not tracked: add the account"
            ) from None

    def allowance(self, owner: Address, spender: Address) -> int:
        """What `spender` may take of `owner`. Raises MissingRead for an untracked pair."""
        try:
            return self.allowances[owner, spender]
        except KeyError:
            raise MissingRead(
                f"the {self.token.symbol} allowance of {owner} to {spender} is not tracked"
            ) from None

    def refusal(self, movement: Movement) -> Reverted | None:
        """The contract's revert of this movement, or none."""
        allowed = (
            None if movement.spender is None else self.allowance(movement.source, movement.spender)
        )
        return model.refusal(movement, self.balance(movement.source), allowed)

    def narrow(self, accounts: Accounts) -> Erc20State:
        """The state of these accounts alone, of which each is tracked here."""
        pairs = ((owner, spender) for owner in accounts.owners for spender in accounts.spenders)
        return replace(
            self,
            balances={each: self.balance(each) for each in accounts.holders(self.token)},
            allowances={pair: self.allowance(*pair) for pair in pairs},
        )

    # transitions

    def taken_over(self, owned: Erc20State, owners: tuple[Address, ...]) -> Erc20State:
        """The state with the balances and allowances that these owners have in another one."""
        lying = {owner: owned.balance(owner) for owner in owners}
        allowed = {pair: raw for pair, raw in owned.allowances.items() if pair[0] in owners}
        return replace(
            self,
            balances={**self.balances, **lying},
            allowances={**self.allowances, **allowed},
        )

    def move(self, movement: Movement) -> Erc20State:
        """The state after the movement; accounts that are not tracked are left out."""
        balances = dict(self.balances)
        for account, change in ((movement.source, -movement.raw), (movement.target, movement.raw)):
            if account in balances and account != ZERO_ADDRESS:
                balances[account] += change
        allowances = self.allowances
        if movement.spender is not None and (movement.source, movement.spender) in allowances:
            pair = (movement.source, movement.spender)
            allowances = {**allowances, pair: allowances[pair] - movement.raw}
        return replace(self, balances=balances, allowances=allowances)


@dataclass(frozen=True, slots=True)
class Erc20(Market[Erc20State]):
    """A plain token as the market that owns its own balances.

    Assumes OpenZeppelin's ERC20: no fee on transfer, no rebasing, no hooks; every transferFrom
    lowers the allowance, a boundless one too. Others are refused by the law, not guessed.
    """

    protocol: ClassVar[str] = "erc20"

    token: Token
