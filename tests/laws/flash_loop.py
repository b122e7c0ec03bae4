"""Drawn loops at both lines of lending pools: entered and left, in part and whole, and refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    Approve,
    Delegate,
    EnterLoop,
    LeaveLoop,
    Supply,
    Transfer,
    UpdateAnswer,
    UseAsCollateral,
)
from trimtab.core.errors import DataError
from trimtab.core.market import MarketId, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols import aave_v3, aave_v36
from trimtab.protocols.aave_v3.model.account import debt_balance
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.flash_loop.model.lenders import LendingPool, share_of, shares
from trimtab.protocols.uniswap_v3 import Pool, quote, quote_exact_out

LONGEST_WAIT = 3 * 365 * 24 * 3600
FOREVER = Timestamp(2**40)
DOLLARS = 10**8
Owners = tuple[Address, ...]
LendingState = aave_v3.LendingState | aave_v36.LendingState

MARKETS = (
    *("aave_v3", "aave_v36", "flash_loop"),
    *("chainlink:USDC", "chainlink:WETH", "chainlink:WBTC", "erc20:USDC", "erc20:WETH"),
    *("erc20:WBTC", "uniswap_v3:WETH/USDC/500", "uniswap_v3:WBTC/WETH/500"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A loop that somebody may have: where, of what, and what there is for it."""

    states: States
    market: FlashLoop
    lender: LendingPool
    pool: LendingPool
    exchange: Pool
    collateral: Token
    debt: Token
    actor: Address

    @property
    def owed(self) -> int:
        """The actor's debt."""
        if isinstance(self.pool, aave_v3.LendingPool):
            state = self.states[self.pool]
            account, reserve = state.account(self.actor), state.reserve(self.debt)
            return debt_balance(account, reserve, state.timestamp)
        newer = self.states[self.pool]
        account36, reserve36 = newer.account(self.actor), newer.reserve(self.debt)
        return aave_v36.debt_balance(account36, reserve36, newer.timestamp)

    @property
    def supplied(self) -> int:
        """What the actor's collateral is worth, in its base units."""
        return shares(self.states, self.pool, self.actor, self.collateral)

    @property
    def lent(self) -> LendingState:
        """The state of the pool where the loop is."""
        return cast(LendingState, self.states.state(self.pool.id))

    @property
    def leave(self) -> tuple[int, int]:
        """What the contract may borrow and take for the actor."""
        account = self.lent.account(self.actor)
        credit = account.delegated[self.debt, self.market.address]
        return credit, account.allowed[self.collateral, self.market.address]

    @property
    def premium(self) -> int:
        """Of a loan, in basis points."""
        return cast(LendingState, self.states.state(self.lender.id)).flash_loan_premium

    def worth(self, token: Token, dollars: int) -> int:
        """Base units of a token worth so many dollars, by the pool's oracle."""
        price = _answer(self.states, self.lent.reserve(token).reserve.feed)
        return dollars * DOLLARS * token.unit // price if price > 0 else token.unit

    @property
    def room(self) -> int:
        """About as much as the actor may owe more, if it is not entered but borrowed."""
        data: aave_v3.AccountData | aave_v36.AccountData
        try:
            if isinstance(self.pool, aave_v3.LendingPool):
                data = aave_v3.account_summary(self.states, self.pool, self.actor)
            else:
                data = aave_v36.account_summary(self.states, self.pool, self.actor)
        except DataError:
            return 0
        base = data.total_collateral * data.loan_to_value // 10**4 - data.total_debt
        price = _answer(self.states, self.lent.reserve(self.debt).reserve.feed)
        return max(base, 0) * self.debt.unit // price if price > 0 else 0


def actions(draw: Draw, states: States, owners: Owners) -> Action:
    """Mostly loops of who has supplied; what is needed for them first."""
    scene = _scene(draw, states, owners)
    if draw(st.integers(0, 11)) == 11:
        return _other(draw, scene, owners)
    if not scene.supplied and not _rarely(draw):
        return _supply(draw, scene)
    if scene.owed and draw(st.integers(0, 2)):
        return _leave(draw, scene)
    return _enter(draw, scene)


PORT = Port(
    "flash_loop",
    actions,
    ("EnterLoop", "LeaveLoop"),
    LONGEST_WAIT,
    ("aave_v3", "aave_v36", "chainlink", "erc20", "flash_loop", "uniswap_v3"),
    CREDIT_WORLD,
    MARKETS,
    dearness=3,
)


def _scene(draw: Draw, states: States, owners: Owners) -> Scene:
    """A loop that exists, if there is one and unless another is drawn."""
    market = next(each for each in states.markets.values() if isinstance(each, FlashLoop))
    lenders = [cast(LendingPool, states.market(each)) for each in market.lenders]
    possible = [
        Scene(states, market, lender, pool, exchange, collateral, debt, actor)
        for exchange in (states.markets.get(each) for each in market.exchanges)
        for pool in lenders
        for lender in lenders
        if isinstance(exchange, Pool)
        for collateral, debt in (
            (exchange.token0, exchange.token1),
            (exchange.token1, exchange.token0),
        )
        for actor in owners
        if {collateral, debt} <= _tokens(pool) and debt in _tokens(lender)
    ]
    begun = [each for each in possible if each.supplied]
    owed = [each for each in begun if each.owed]
    kind = draw(st.integers(0, 9))
    some = possible if not begun or kind == 0 else begun if not owed or kind < 4 else owed
    return cast(Scene, draw(st.sampled_from(some)))


def _tokens(pool: LendingPool) -> set[Token]:
    return {reserve.token for reserve in pool.reserves}


# --------------------------------------------------------------------------------------- loops


def _enter(draw: Draw, scene: Scene) -> Action:
    room, liquid = scene.room, _wallet(scene.states, scene.debt, _lying(scene))
    loan = _amount(draw, room, room * 2, room * 3, room * 4, min(liquid, 10 * room + 1))
    owed, (credit, _) = loan + loan * scene.premium // 10**4 + 1, scene.leave
    if credit < owed and not _rarely(draw):
        most = draw(st.sampled_from((UINT256_MAX, owed, owed + 1, 3 * owed, max(owed - 1, 0))))
        token = scene.debt
        given = min(most, UINT256_MAX)
        return Delegate(scene.actor, scene.pool.id, token, scene.market.address, given)
    if credit and _rarely(draw):
        loan = max(0, min(credit, UINT256_MAX) * 10**4 // (10**4 + scene.premium))
    bought = quote(scene.states[scene.exchange], scene.exchange, scene.debt, min(loan, 2**128))
    exact = bought.amount_out
    least = draw(st.sampled_from((0, 0, exact, exact, exact, exact + 1, UINT256_MAX)))
    where = (scene.market.id, scene.lender.id, scene.pool.id, scene.exchange.id)
    bounds = (loan, least, _deadline(draw, scene), _limit(draw, scene, scene.debt))
    return EnterLoop(scene.actor, *where, scene.collateral, scene.debt, *bounds)


def _leave(draw: Draw, scene: Scene) -> Action:
    owed, (_, allowed) = scene.owed, scene.leave
    more = owed + owed * draw(st.integers(0, 50)) // 1000
    loan = _amount(draw, owed, owed, owed, more, more) if not _rarely(draw) else more
    paid = min(loan, owed)
    wanted = paid + loan * scene.premium // 10**4 + 1
    pool, state = scene.exchange, scene.states[scene.exchange]
    sold = quote_exact_out(state, pool, scene.collateral, min(wanted, 2**128)).amount_in_used
    if allowed <= sold and not _rarely(draw):
        raw = draw(st.sampled_from((UINT256_MAX, UINT256_MAX, sold, sold + 1, sold + 2, 2 * sold)))
        share = share_of(scene.pool, scene.collateral)
        return Approve(scene.actor, scene.pool.id, share, scene.market.address, raw)
    most = draw(st.sampled_from((UINT256_MAX, 2 * sold, sold, sold, sold + 1, max(sold - 1, 0))))
    where = (scene.market.id, scene.lender.id, scene.pool.id, scene.exchange.id)
    bounds = (loan, most, _deadline(draw, scene), _limit(draw, scene, scene.collateral))
    return LeaveLoop(scene.actor, *where, scene.collateral, scene.debt, *bounds)


def _deadline(draw: Draw, scene: Scene) -> Timestamp:
    now = scene.states[scene.market].timestamp
    return Timestamp(draw(st.sampled_from((*(FOREVER,) * 12, now, now, now - 1, 0))))


def _limit(draw: Draw, scene: Scene, sold: Token) -> int:
    """Mostly none; a price ahead, near or far, where the exchange is now, or none that there is."""
    if draw(st.integers(0, 5)):
        return 0
    price = scene.states[scene.exchange].sqrt_price_x96
    share = draw(st.integers(1, 10**5))
    sign = -1 if scene.exchange.is_zero_for_one(sold) else 1
    ahead = price + sign * price * share // 10**7
    return int(draw(st.sampled_from((ahead, ahead, ahead, price, price + sign, 1, 2**160))))


# -------------------------------------------------------------------------------------- others


def _supply(draw: Draw, scene: Scene) -> Action:
    token, pool, actor = scene.collateral, scene.pool, scene.actor
    state = cast(Erc20State, scene.states.state(token_market(token)))
    if not state.allowance(actor, pool.address):
        return Approve(actor, token_market(token), token, pool.address, UINT256_MAX)
    dollars = draw(st.sampled_from((1, 1_000, 20_000, 20_000, 20_000, 500_000, 3_000_000)))
    amount = min(scene.worth(token, dollars), state.balance(actor) // 2)
    return Supply(actor, pool.id, token, amount, actor)


def _other(draw: Draw, scene: Scene, owners: Owners) -> Action:
    """A price, a gift to the contract, or collateral that is none any more."""
    actor, token = scene.actor, draw(st.sampled_from((scene.collateral, scene.debt)))
    match draw(st.integers(0, 4)):
        case 0 | 1:
            feed = scene.lent.reserve(token).reserve.feed
            answer = _answer(scene.states, feed)
            if not 10**6 < answer < 10**14:
                return UpdateAnswer(actor, feed, draw(st.integers(10**8, 10**12)))
            if _rarely(draw):
                return UpdateAnswer(actor, feed, draw(st.sampled_from((0, -1, 1, 2**200))))
            return UpdateAnswer(actor, feed, answer * draw(st.integers(700, 1400)) // 1000)
        case 2 | 3:
            amount = draw(st.integers(0, 1000))
            return Transfer(actor, token_market(token), token, scene.market.address, amount)
        case _:
            return UseAsCollateral(actor, scene.pool.id, token, draw(st.booleans()))


# --------------------------------------------------------------------------------------- drawn


def _rarely(draw: Draw) -> bool:
    """True one time in sixteen."""
    return bool(draw(st.integers(0, 15)) == 15)


def _amount(draw: Draw, *marks: int) -> int:
    """Base units: a share of a mark, close to it, above it, tiny or absurd."""
    mark = draw(st.sampled_from([mark for mark in marks if mark > 0] or [10**6]))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3 | 4 | 5:
            return max(1, int(mark * draw(st.integers(1, 1000)) // 1000))
        case 6 | 7 | 8:
            return max(0, int(mark + draw(st.integers(-2, 2))))
        case _:
            return int(draw(st.sampled_from([0, 1, 2, mark * 9, 2**128, 2**255, UINT256_MAX])))


def _lying(scene: Scene) -> Address:
    """Where the lender's liquidity is."""
    lent = cast(LendingState, scene.states.state(scene.lender.id))
    return lent.reserve(scene.debt).reserve.a_token


def _wallet(states: States, token: Token, holder: Address) -> int:
    return cast(Erc20State, states.state(token_market(token))).balance(holder)


def _answer(states: States, feed: MarketId) -> int:
    return cast(FeedState, states.state(feed)).answer
