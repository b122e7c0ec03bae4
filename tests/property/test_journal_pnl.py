"""For any book, prices and deeds, the components of profit sum to the change, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal.builders import ACCOUNT, NOW, OTHER, USDC, WETH, prices
from trimtab.core.actions import Action, Borrow, Repay, Supply, Swap, Transfer, Withdraw
from trimtab.core.market import MarketId, Place, token_market, wallet
from trimtab.core.settlement import Failed, Flow, Landed, Settlement
from trimtab.core.token import Token
from trimtab.journal.pnl import Attribution, Ledger, Moment, attribute
from trimtab.journal.reconcile import Reconciliation

LENDER, POOL = MarketId("lender:1:0x02"), MarketId("pool:1:0x01")
TOKENS = (USDC, WETH)
FEES = {POOL: Fraction(3, 1000)}
RAY = 10**27

amounts = st.integers(1, 10**24)
rates = st.fractions(Fraction(1, 10**6), Fraction(10**6), max_denominator=10**9)


@dataclass(slots=True)
class World:
    """An account's wallets and its shares of a lender, which rounds like the real one: half up."""

    wallets: dict[Token, int]
    shares: dict[Place, int] = field(default_factory=dict)
    index: int = RAY
    flows: list[Flow] = field(default_factory=list)
    actions_of: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    settled: list[Settlement] = field(default_factory=list)

    @property
    def book(self) -> dict[Place, int]:
        worth = {wallet(token): raw for token, raw in self.wallets.items()}
        return worth | {place: self.worth(place) for place in self.shares}

    def worth(self, place: Place) -> int:
        return (self.shares.get(place, 0) * self.index + RAY // 2) // RAY

    def to_shares(self, raw: int) -> int:
        return (raw * RAY + self.index // 2) // self.index

    def pay(self, token: Token, raw: int, hash_: str) -> None:
        """Tokens into the wallet, or out of it."""
        self.wallets[token] += raw
        self.flows.append(Flow(wallet(token), raw, raw, hash_, hash_ in self.actions_of))

    def convert(self, place: Place, raw: int, hash_: str) -> None:
        """Tokens' worth into a place, or out of it, as shares."""
        before, shares = self.worth(place), self.to_shares(raw)
        self.shares[place] = self.shares.get(place, 0) + shares
        change = self.worth(place) - before
        self.flows.append(Flow(place, shares, change, hash_, hash_ in self.actions_of))

    def accrue(self, index: int) -> dict[Place, int]:
        """Interest: what every place earned."""
        before, self.index = self.book, index
        return {place: raw - before[place] for place, raw in self.book.items()}


def lent(token: Token, side: str = "long") -> Place:
    return Place(LENDER, token, side)


def act(world: World, action: Action, hash_: str, received: int) -> None:
    """What the action does to the world, logs in the order of the real contracts.

    Less than half a share is refused, as the contracts do.
    """
    match action:
        case Supply() | Withdraw() | Borrow() | Repay() if not refused(world, action):
            lend(world, action, hash_)
        case Supply() | Withdraw() | Borrow() | Repay():
            return
        case Transfer():
            world.pay(action.token, -action.amount, hash_)
        case Swap():
            world.pay(action.token_out, received, hash_)
            world.pay(action.token_in, -action.amount_in, hash_)
        case _:
            raise AssertionError(action)


def refused(world: World, action: Supply | Withdraw | Borrow | Repay) -> bool:
    return not isinstance(action.amount, int) or world.to_shares(action.amount) == 0


def lend(world: World, action: Supply | Withdraw | Borrow | Repay, hash_: str) -> None:
    match action:
        case Supply(token=token, amount=amount):
            world.pay(token, -amount, hash_)
            if action.on_behalf_of == ACCOUNT:
                world.convert(lent(token), amount, hash_)
        case Withdraw(token=token, amount=int(amount)):
            world.convert(lent(token), -amount, hash_)
            world.pay(token, amount, hash_)
        case Borrow(token=token, amount=amount):
            world.convert(lent(token, "debt"), -amount, hash_)
            world.pay(token, amount, hash_)
        case Repay(token=token, amount=int(amount)):
            world.convert(lent(token, "debt"), amount, hash_)
            world.pay(token, -amount, hash_)
        case _:
            raise AssertionError(action)


tokens = st.sampled_from(TOKENS)
whose = st.sampled_from([ACCOUNT, ACCOUNT, OTHER])
actions = st.one_of(
    st.builds(
        lambda token, raw: Transfer(ACCOUNT, token_market(token), token, OTHER, raw),
        tokens,
        amounts,
    ),
    st.builds(
        lambda token, raw, owner: Supply(ACCOUNT, LENDER, token, raw, owner),
        tokens,
        amounts,
        whose,
    ),
    st.builds(lambda token, raw: Withdraw(ACCOUNT, LENDER, token, raw, ACCOUNT), tokens, amounts),
    st.builds(lambda token, raw: Borrow(ACCOUNT, LENDER, token, raw, ACCOUNT), tokens, amounts),
    st.builds(lambda token, raw: Repay(ACCOUNT, LENDER, token, raw, ACCOUNT), tokens, amounts),
    st.builds(
        lambda pair, raw: Swap(ACCOUNT, POOL, pair[0], pair[1], raw, 1, NOW, ACCOUNT),
        st.permutations(TOKENS),
        amounts,
    ),
)


def step(draw: Any, world: World, before: Moment, number: int) -> tuple[Attribution, Moment]:
    """One interval: others' deeds, plans of ours, interest, new prices."""
    world.flows, world.settled = [], []
    accruals: Mapping[Place, int] = world.accrue(world.index + draw(st.integers(0, RAY)))
    world.actions_of = {}
    for others in range(draw(st.integers(0, 2))):
        world.pay(draw(tokens), draw(st.integers(-(10**20), 10**20).filter(bool)), f"them{others}")
    for plan in range(draw(st.integers(0, 2))):
        hash_ = f"ours{number}.{plan}"
        world.actions_of[hash_] = tuple(draw(st.lists(actions, max_size=4)))
        for action in world.actions_of[hash_]:
            act(world, action, hash_, draw(amounts))
        used, price = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**12))
        world.settled.append(Landed("plan", hash_, number, used, price))
        world.settled.append(Failed("plan", "failed", number, used, price, "late"))
    now = Moment(world.book, prices(USDC=draw(rates), WETH=draw(rates)))
    found = Reconciliation(tuple(world.flows), accruals, world.book, {})
    native = now.prices.price(WETH)
    told = attribute(before, now, found, world.actions_of, world.settled, FEES, native)
    return told, now


@given(st.data())
def test_attribution__any_run__components_sum_to_the_change(data: st.DataObject) -> None:
    world = World({token: data.draw(st.integers(0, 10**24)) for token in TOKENS})
    for token in TOKENS:
        world.convert(lent(token), data.draw(amounts), "start")
        world.convert(lent(token, "debt"), -data.draw(amounts), "start")
    moment = Moment(world.book, prices(USDC=data.draw(rates), WETH=data.draw(rates)))
    ledger = Ledger(moment.equity, moment.equity)
    for number in range(data.draw(st.integers(1, 4))):
        found, moment = step(data.draw, world, moment, number)
        assert found.unexplained == ()
        ledger = ledger.add(found)
    gains = ledger.price + ledger.interest + ledger.external
    costs = ledger.fees + ledger.slippage + ledger.rounding
    assert ledger.equity == moment.equity
    assert ledger.equity - ledger.equity_start == gains - costs
    assert ledger.profit == gains - costs - ledger.external - ledger.gas
