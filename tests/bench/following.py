"""Others' lending and perpetual logs, folded in by kernels; what the model needs for the same.

The logs are those of actions that the model makes, and the states at the end have to be equal.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from tests.bench.quoting import deep_pool, drawn_events, timed
from tests.bench.rows import Row, figure
from tests.laws import kernels_aave_v3_events as lending
from tests.laws import kernels_morpho_logs as isolated
from tests.laws import kernels_perpetual_logs as trading
from trimtab.core.abi import Log, word
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import LendingState, RateStrategy, ReserveConfiguration, ReserveState
from trimtab.protocols.aave_v3 import maths as of_lending
from trimtab.protocols.aave_v3.events import observe
from trimtab.protocols.aave_v3.model.rates import Liquidity
from trimtab.protocols.aave_v3.model.reserve import update_interest_rates, update_state
from trimtab.protocols.morpho import maths as of_isolated
from trimtab.protocols.morpho.events import observe as of_contract
from trimtab.protocols.perpetual import AccountState, PerpetualState
from trimtab.protocols.perpetual import maths as of_trading
from trimtab.protocols.perpetual.logs import observed
from trimtab.protocols.perpetual.model.arithmetic import price_x96, wad_of_x96
from trimtab.protocols.shared.aave.wad_ray import RAY, ray_div
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3.maths import Event, FollowedPool, Swapped, event_rows

ACTIONS, TRADES, ROUNDS = 20_000, 20_000, 7
BLOCK_SECONDS = 12
MOST_LENDING, MOST_TRADING = 1.0, 10.0  # microseconds a log: a million a second, and 100,000

# ------------------------------------------------------------------------------------ lending


def lending_pool(reserves: int = 3) -> LendingState:
    """A pool of a few reserves of which half is lent, with rates of everyday."""
    state = lending.drawn_pool(random.Random(1))
    found: dict[Token, ReserveState] = {}
    for number in range(reserves):
        reserve = replace(
            lending.drawn_reserve(random.Random(number), number),
            configuration=ReserveConfiguration(1_000 << 64),
            strategy=RateStrategy(*(Ray(part * RAY // 100) for part in (80, 0, 4, 75, 5, 2, 60))),
            liquidity_index=Ray(RAY + RAY // 50),
            variable_borrow_index=Ray(RAY + RAY // 30),
            liquidity_rate=Ray(RAY // 60),
            variable_borrow_rate=Ray(RAY // 40),
            scaled_supply=10**14,
            scaled_variable_debt=5 * 10**13,
            accrued_to_treasury=0,
        )
        found[reserve.reserve.token] = reserve
    return replace(state, reserves=found, accounts={})


@dataclass(slots=True)
class Lenders:
    """The logs of what others do at a pool, and what lies in it."""

    state: LendingState
    lying: dict[Token, int]
    logs: list[Log]

    def change(self, token: Token, raw: int, at: int, *, is_debt: bool) -> None:
        """Mints or burns, and tells the rates: before the supply, and after the debt."""
        reserve = update_state(self.state.reserve(token), Timestamp(at))
        index = reserve.variable_borrow_index if is_debt else reserve.liquidity_index
        kind, identity = lending.MINT if raw > 0 else lending.BURN, reserve.reserve
        address = identity.variable_debt_token if is_debt else identity.a_token
        topics = (kind, word(lending.OTHER), word(lending.OTHER))
        told = lending.made(address, topics, (abs(raw), 0, index), at)
        change = ray_div(abs(raw), index) * (1 if raw > 0 else -1)
        if is_debt:
            owed = reserve.scaled_variable_debt + change
            reserve = replace(reserve, scaled_variable_debt=owed)
        else:
            reserve = replace(reserve, scaled_supply=reserve.scaled_supply + change)
        self.lying[token] += -raw if is_debt else raw
        reserve = update_interest_rates(reserve, Liquidity(self.lying[token]))
        rates = self._rates(reserve, at)
        self.logs += (told, rates) if is_debt else (rates, told)
        self.state = self.state.with_reserve(reserve)

    def _rates(self, reserve: ReserveState, at: int) -> Log:
        rates = (reserve.liquidity_rate, reserve.stable_borrow_rate, reserve.variable_borrow_rate)
        indices = (reserve.liquidity_index, reserve.variable_borrow_index)
        topics = (lending.RATES, word(reserve.reserve.token.address))
        return lending.made(lending.POOL, topics, (*rates, *indices), at)


def lent(start: LendingState, actions: int) -> Lenders:
    """Supplies, withdrawals, borrows, repayments and liquidations, some in one block."""
    dice, tokens = random.Random(5), list(start.reserves)
    found, at = Lenders(start, dict.fromkeys(tokens, 5 * 10**13), []), lending.NOW
    for _ in range(actions):
        at += BLOCK_SECONDS * dice.choice((0, 1, 1, 2))
        raw, token = dice.randrange(10**6, 10**9) * dice.choice((1, -1)), dice.choice(tokens)
        draw = dice.random()
        if draw < 0.05:  # a debt is repaid, and collateral of another token withdrawn for it
            found.change(token, -abs(raw), at, is_debt=True)
            found.change(dice.choice(tokens), -abs(raw), at, is_debt=False)
        else:
            found.change(token, raw, at, is_debt=draw < 0.5)
    return found


def lending_rows(scale: float = 1.0) -> list[Row]:
    """A log and an action of others at a lending pool."""
    start, actions = lending_pool(), int(ACTIONS * scale)
    logs = lent(start, actions).logs
    told = of_lending.rows_of(start, logs)
    pools = [of_lending.FollowedReserves(start) for _ in range(ROUNDS)]
    plain, whole = [], []
    for pool in pools:
        plain.append(timed(lambda: pool.advance(told)))  # noqa: B023
        whole.append(timed(lambda: of_lending.observe_all(start, logs)))
    ends: list[LendingState] = []
    slow = timed(lambda: ends.append(reduce(observe, logs, start)))
    assert [pools[-1].state] == ends == [of_lending.observe_all(start, logs)]
    each, named = 1e6 / len(logs), "others' lending logs"
    fast = statistics.median(plain)
    return [
        figure(named, each * fast, "us", ROUNDS, goal=MOST_LENDING),
        figure("others' lending actions", 1e6 * fast / actions, "us", ROUNDS, goal=MOST_LENDING),
        figure(
            f"{named}, from logs as they are read", each * statistics.median(whole), "us", ROUNDS
        ),
        figure(f"{named}, by the model", each * slow, "us", 1),
    ]


def isolated_rows(scale: float = 1.0) -> list[Row]:
    """A log of others at a market of Morpho Blue, of any kind."""
    dice, count = random.Random(3), int(ACTIONS * scale)
    start = replace(isolated.drawn_market(dice), fee_recipient=lending.OTHER, positions={})
    state, logs = start, list[Log]()
    for at in range(count):
        log = isolated.drawn_log(dice, state, lending.OTHER)
        logs.append(replace(log, timestamp=lending.NOW + BLOCK_SECONDS * at))
        state = of_contract(state, logs[-1])
    told = of_isolated.rows_of(start, logs)
    markets = [of_isolated.FollowedMarket(start) for _ in range(ROUNDS)]
    plain = [timed(lambda: market.advance(told)) for market in markets]  # noqa: B023
    assert [markets[-1].state] == [state]
    each = 1e6 / len(logs)
    named = "others' lending logs at Morpho"
    return [figure(named, each * statistics.median(plain), "us", ROUNDS, goal=MOST_LENDING)]


# ----------------------------------------------------------------------------------- perpetual


def traded(start: PerpetualState, swaps: Sequence[Event]) -> list[Log]:
    """Four logs of each trade: funding, what the trader pays of it, the swap, the position."""
    dice, at, logs = random.Random(6), trading.NOW, []
    other, base = word(trading.OTHER), word(trading.BASE)
    for event in swaps:
        assert isinstance(event, Swapped)
        at += BLOCK_SECONDS * dice.choice((0, 1, 1, 2))
        mean = wad_of_x96(price_x96(sqrt_price_at_tick(event.tick + dice.randint(-60, 60))))
        index = mean + dice.randint(-mean // 100, mean // 100)
        ended = (event.amount0, event.amount1, event.sqrt_price_x96, event.liquidity, event.tick)
        opened = (-event.amount0, -event.amount1, 10**15, 0, 0, event.sqrt_price_x96)
        logs += [
            trading.made((trading.FUNDING, base), (mean, index), at),
            trading.made((trading.PAID, other, base), (dice.randint(-(10**18), 10**18),), at),
            trading.made((trading.SWAP, other, word(trading.HOUSE)), ended, at),
            trading.made((trading.POSITION, other, base), opened, at),
        ]
    return logs


def trading_rows(scale: float = 1.0) -> list[Row]:
    """A log of others at a perpetual market, its pool walked along."""
    pool = deep_pool(random.Random(7))
    start = replace(
        trading.drawn_market(random.Random(1)),
        first_traded=trading.NOW - 10**6,
        settled_at=trading.NOW,
        tick=pool.tick,
        sqrt_price_x96=pool.sqrt_price_x96,
        accounts=dict[Address, AccountState](),
    )
    swaps = drawn_events(random.Random(1), pool, int(TRADES * scale), swaps=1.0)
    logs = traded(start, swaps)
    told, walked = of_trading.rows_of(start, logs), event_rows(swaps)
    FollowedPool(pool).advance(walked[:1])
    markets = [of_trading.FollowedMarket(start) for _ in range(ROUNDS)]
    both, whole = [], []
    for market in markets:
        ranges = FollowedPool(pool)
        both.append(timed(lambda: (ranges.advance(walked), market.advance(told))))  # noqa: B023
        assert ranges.state.tick == market.state.tick
        whole.append(timed(lambda: of_trading.observe_all(start, logs)))
    ends: list[PerpetualState] = []
    slow = timed(lambda: ends.append(reduce(observed, logs, start)))
    assert [markets[-1].state] == ends == [of_trading.observe_all(start, logs)]
    each, named = 1e6 / len(logs), "others' perpetual logs"
    return [
        figure(
            f"{named}, the pool walked along",
            each * statistics.median(both),
            "us",
            ROUNDS,
            goal=MOST_TRADING,
        ),
        figure(
            f"{named}, from logs as they are read", each * statistics.median(whole), "us", ROUNDS
        ),
        figure(f"{named}, by the model", each * slow, "us", 1),
    ]


def rows(scale: float = 1.0) -> list[Row]:
    """What is measured; a smaller scale is for a look."""
    return [*lending_rows(scale), *isolated_rows(scale), *trading_rows(scale)]
