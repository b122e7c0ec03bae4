"""The token that a pool issues itself for the liquidity in it: supply, balances, allowances.

The pool's market owns all of it. When and how a contract mints, burns, spends an allowance and
logs that is its own protocol's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.core.abi import Answer, Log, Read, call_data, log_words, topic, topic_address, words
from trimtab.core.errors import MissingRead
from trimtab.core.market import Accounts, Holding, MarketId, pooled
from trimtab.core.token import ZERO_ADDRESS, Address, Token

_TRANSFER = topic("Transfer(address,address,uint256)")
_APPROVAL = topic("Approval(address,address,uint256)")


@dataclass(frozen=True, slots=True)
class Shares:
    """The supply of a pool's shares, and balances and allowances of the tracked accounts."""

    supply: int
    balances: Mapping[Address, int]
    allowances: Mapping[tuple[Address, Address], int]

    # queries

    def balance(self, account: Address) -> int:
        """Shares of a tracked account. Raises MissingRead for one that is not tracked."""
        try:
            return self.balances[account]
        except KeyError:
            raise MissingRead(f"the shares of {account} are not tracked: add the account") from None

    def allowance(self, owner: Address, spender: Address) -> int:
        """What `spender` may take of `owner`. Raises MissingRead for an untracked pair."""
        try:
            return self.allowances[owner, spender]
        except KeyError:
            raise MissingRead(
                f"what {owner} lets {spender} take of its shares is not tracked"
            ) from None

    def narrow(self, accounts: Accounts) -> Shares:
        """What is kept of these accounts alone, of which each is tracked here.

        What contracts hold for others is kept where these accounts need it.
        """
        custodians = {each for some in accounts.custodians.values() for each in some}
        lying = (each for each in self.balances if each in custodians)
        holders = dict.fromkeys((*accounts.owners, *lying))
        pairs = ((owner, spender) for owner in accounts.owners for spender in accounts.spenders)
        return replace(
            self,
            balances={holder: self.balance(holder) for holder in holders},
            allowances={pair: self.allowance(*pair) for pair in pairs if pair in self.allowances},
        )

    # transitions

    def moved(self, source: Address, target: Address, raw: int) -> Shares:
        """After a transfer; from nowhere it is a mint, to nowhere a burn."""
        balances = dict(self.balances)
        for account, change in ((source, -raw), (target, raw)):
            if account in balances:
                balances[account] += change
        supply = self.supply + raw * ((source == ZERO_ADDRESS) - (target == ZERO_ADDRESS))
        return replace(self, supply=supply, balances=balances)

    def allowed(self, owner: Address, spender: Address, raw: int) -> Shares:
        """With a new allowance, where it is tracked."""
        if (owner, spender) not in self.allowances:
            return self
        return replace(self, allowances={**self.allowances, (owner, spender): raw})

    def observed(self, log: Log) -> Shares:
        """After a Transfer or an Approval that the pool logged."""
        if log.topics[:1] == (_TRANSFER,):
            return self.moved(topic_address(log, 1), topic_address(log, 2), log_words(log)[0])
        if log.topics[:1] == (_APPROVAL,):
            return self.allowed(topic_address(log, 1), topic_address(log, 2), log_words(log)[0])
        return self

    def followed(self, known: Shares | None) -> Shares:
        """With the allowances that are known where none was asked for."""
        if known is None or self.allowances:
            return self
        return replace(self, allowances=known.allowances)

    def taken_over(self, owned: Shares, owners: tuple[Address, ...]) -> Shares:
        """With the balances and allowances that these owners have in another one."""
        lying = {owner: owned.balance(owner) for owner in owners}
        allowed = {pair: raw for pair, raw in owned.allowances.items() if pair[0] in owners}
        return replace(
            self,
            balances={**self.balances, **lying},
            allowances={**self.allowances, **allowed},
        )


# ---------------------------------------------------------------------------------- reading


def reads(
    pool: Address, holders: Sequence[Address], pairs: Sequence[tuple[Address, Address]]
) -> tuple[Read, ...]:
    """The supply, then the balances, then the allowances."""
    asked = [call_data("totalSupply()")]
    asked += [call_data("balanceOf(address)", holder) for holder in holders]
    asked += [call_data("allowance(address,address)", *pair) for pair in pairs]
    return tuple(Read(pool, data) for data in asked)


def decode(
    answers: Sequence[Answer],
    holders: Sequence[Address],
    pairs: Sequence[tuple[Address, Address]],
    what: str,
) -> Shares:
    """The shares that the answers to `reads` tell. Raises MissingRead, naming `what`."""
    expected = 1 + len(holders) + len(pairs)
    if len(answers) != expected:
        raise MissingRead(f"{len(answers)} answers to {expected} reads of the shares of {what}")
    supply, *said = (words(answer, 1, f"the shares of {what}")[0] for answer in answers)
    return Shares(
        supply,
        dict(zip(holders, said, strict=False)),
        dict(zip(pairs, said[len(holders) :], strict=True)),
    )


# --------------------------------------------------------------------------------- holdings


def holdings(
    market: MarketId, shares: Shares, account: Address, worth: Mapping[Token, int]
) -> tuple[Holding, ...]:
    """The account's part in a pool, one place for each token; `worth` is what removing gives."""
    owned = shares.balance(account)
    if not owned:
        return ()
    return tuple(Holding(pooled(market, token), owned, raw) for token, raw in worth.items())
