"""Tokens, flows and a small vault with interest, to make journals and books of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, cast

from trimtab.core.abi import Answer, Call, Log, Read, log_words, topic, topic_address, word
from trimtab.core.actions import Action
from trimtab.core.adapter import Adapter, Adapters, Question
from trimtab.core.market import Accounts, Audit, Head, Holding, Market, MarketId, Place, State
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Flow
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token, address
from trimtab.protocols.erc20 import Erc20, Erc20Adapter, Erc20State


def an_address(number: int) -> Address:
    return address(f"0x{number:040x}")


ACCOUNT, OTHER = an_address(0xA0), an_address(0xB0)
USDC = Token(1, an_address(1), 6, "USDC")
WETH = Token(1, an_address(2), 18, "WETH")
NOW = Timestamp(1_700_000_000)
OURS = "0x" + "11" * 32
THEIRS = "0x" + "22" * 32

TRANSFER = topic("Transfer(address,address,uint256)")
SHARES = topic("Shares(address,int256)")
INDEX = topic("Index(uint256)")
SILENT = topic("Silent(int256)")


def flow(place: Place, raw: int, shares: int | None = None, transaction: str = OURS) -> Flow:
    changed = raw if shares is None else shares
    return Flow(place, changed, raw, transaction, transaction == OURS)


def prices(at: Timestamp = NOW, **of: Fraction | int) -> Prices:
    """Prices by symbol, in base units of USDC per base unit."""
    tokens = {"USDC": USDC, "WETH": WETH}
    quotes = {tokens[name]: Quote(Fraction(price), "test", at) for name, price in of.items()}
    return Prices(USDC, at, quotes)


# ------------------------------------------------------------------------------------- vault


@dataclass(frozen=True, slots=True)
class VaultState:
    """Shares by account; a share is worth `index` / 1000 base units at `touched`, and one
    thousandth more for each second since."""

    timestamp: Timestamp
    index: int
    touched: Timestamp
    shares: Mapping[Address, int]

    def worth(self, account: Address) -> int:
        index = self.index + (self.timestamp - self.touched)
        return self.shares.get(account, 0) * index // 1000


@dataclass(frozen=True, slots=True)
class Vault(Market[VaultState]):
    """A market of one token; `side` makes it one that is owed to."""

    protocol: ClassVar[str] = "vault"
    token: Token
    side: str = "long"

    @property
    def place(self) -> Place:
        return Place(self.id, self.token, self.side)


class VaultAdapter:
    """Shares and interest; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[VaultState]) -> tuple[Read, ...]:
        raise NotImplementedError

    def decode(self, question: Question[VaultState], answers: Sequence[Answer]) -> VaultState:
        raise NotImplementedError

    def accrue(self, state: VaultState, at: Timestamp) -> VaultState:
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        raise NotImplementedError

    def observe(self, state: VaultState, log: Log) -> VaultState:
        if log.topics[0] == INDEX:
            return replace(state, index=log_words(log)[0], touched=state.timestamp)
        who = topic_address(log, 1) if log.topics[0] == SHARES else ACCOUNT
        change = int.from_bytes(log.data, "big", signed=True)
        return replace(state, shares={**state.shares, who: state.shares.get(who, 0) + change})

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        raise NotImplementedError

    def holdings(
        self, states: States, market: Market[VaultState], account: Address
    ) -> tuple[Holding, ...]:
        state, vault = states[market], cast(Vault, market)
        sign = -1 if vault.side == "debt" else 1
        shares = state.shares.get(account, 0)
        held = Holding(vault.place, sign * shares, sign * state.worth(account))
        return (held,) if shares else ()

    def emitters(self, market: Market[VaultState]) -> tuple[Address, ...]:
        return (market.address,)

    def audits(
        self, market: Market[VaultState], state: VaultState | None, account: Address
    ) -> tuple[Audit, ...]:
        raise NotImplementedError

    def narrow(self, state: VaultState, accounts: Accounts) -> VaultState:
        raise NotImplementedError

    def taken_over(self, state: VaultState, owned: VaultState, accounts: Accounts) -> VaultState:
        raise NotImplementedError


ADAPTERS: Adapters = {
    "erc20": cast(Adapter[State], Erc20Adapter()),
    "vault": cast(Adapter[State], VaultAdapter()),
}
USDC_MARKET = Erc20(1, USDC.address, "USDC", USDC)
VAULT = Vault(1, an_address(9), "vault", USDC)
DEBT = Vault(1, an_address(10), "debt", USDC, "debt")


def states(
    wallet: int, vault: int, debt: int = 0, index: int = 1000, at: Timestamp = NOW
) -> States:
    """The account's wallet, and its shares in both vaults at one index."""
    balances = {ACCOUNT: wallet}
    markets: dict[MarketId, Market[State]] = {m.id: m for m in (USDC_MARKET, VAULT, DEBT)}
    found: dict[MarketId, State] = {
        USDC_MARKET.id: Erc20State(at, USDC, balances, {}),
        VAULT.id: VaultState(at, index, at, {ACCOUNT: vault}),
        DEBT.id: VaultState(at, index, at, {ACCOUNT: debt}),
    }
    return States(1, {1: Head(1, 100, "0x64", at)}, markets, found)


def transfer_log(source: Address, target: Address, raw: int, transaction: str = THEIRS) -> Log:
    topics = (TRANSFER, word(source), word(target))
    return Log(USDC.address, topics, word(raw), 101, NOW + 12, transaction, 0)


def shares_log(
    change: int, transaction: str = THEIRS, after: int = 12, vault: Vault = VAULT
) -> Log:
    topics = (SHARES, word(ACCOUNT))
    return Log(vault.address, topics, word(change), 101, NOW + after, transaction, 1)


def index_log(index: int, after: int = 12) -> Log:
    return Log(VAULT.address, (INDEX,), word(index), 101, NOW + after, THEIRS, 2)


def silent_log(change: int) -> Log:
    """Shares of the account that change without a mention of it."""
    return Log(VAULT.address, (SILENT,), word(change), 101, NOW + 12, THEIRS, 3)
