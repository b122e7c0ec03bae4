"""Drawn logs of perpetual markets, and such as no exchange emits, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.laws.kernel_cases import Case
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.protocols.perpetual import AccountState, PerpetualState, Rules
from trimtab.protocols.perpetual.logs import observed
from trimtab.protocols.perpetual.maths import FollowedMarket, observe_all, rows_of
from trimtab.protocols.perpetual.model.arithmetic import price_x96, wad_of_x96
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.ticks import sqrt_price_at_tick

LOGS = frozenset({"trimtab.protocols.perpetual.maths.following.follow"})
HOUSE, OURS, OTHER, FUND, BASE, DOLLAR = (address_from_bytes(bytes(20 * [n])) for n in range(1, 7))
USDC = Token(1, DOLLAR, 6, "USDC")
NOW, FARTHEST = 1_700_000_000, 200_000
WAITS = (0, 0, 1, 2, 9, 10, 14, 15, 16, 900, 86_400, 86_400 * 365)
LONG_WAITS = (*WAITS, 2**32 - 1, 2**32)
AT_ONCE, LONG = 12, 60

FUNDING = topic("FundingUpdated(address,uint256,uint256)")
SWAP = topic("Swap(address,address,int256,int256,uint160,uint128,int24)")
POSITION = topic("PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)")
PAID = topic("FundingPaymentSettled(address,address,int256)")
PROFIT = topic("PnlRealized(address,int256)")
BAD_DEBT = topic("BadDebtSettled(address,uint256)")
DEPOSITED = topic("Deposited(address,address,uint256)")


def drawn_price(dice: random.Random) -> tuple[int, int]:
    """A tick, and a square-root price at it or a little above."""
    tick = dice.randint(-FARTHEST, FARTHEST)
    root = sqrt_price_at_tick(tick)
    return tick, root + dice.choice((0, 1, dice.randrange(root // 25_000)))


def drawn_market(dice: random.Random) -> PerpetualState:
    """A market, young or old or never traded, of any funding until now."""
    tick, root = drawn_price(dice)
    first = dice.choice((0, NOW, NOW - 5, NOW - 10**7))
    most, interval = dice.choice((0, 100_000, 1_000_000)), dice.choice((5, 900))
    rules = Rules(0, 0, 0, most, interval, 0, 0, 0, 0, 0, 0, 0)
    return PerpetualState(
        timestamp=Timestamp(NOW),
        rules=rules,
        first_traded=first,
        settled_at=dice.choice((0, NOW, NOW - 12, NOW - 86_400)),
        growth=dice.getrandbits(dice.randint(1, 200)) * dice.choice((1, -1)),
        reference_tick=dice.randint(-FARTHEST, FARTHEST),
        reference_at=NOW - dice.randrange(30),
        sqrt_price_x96=root,
        tick=tick,
        settlement=USDC,
        base=BASE,
        insurance_fund=FUND,
        accounts={OURS: AccountState(size=5, is_registered=True), FUND: AccountState()},
    )


def made(topics: Sequence[bytes], words: Sequence[int], at: int) -> Log:
    """A log of these words."""
    return Log(HOUSE, tuple(topics), b"".join(map(word, words)), 1, at, "0x", 0)


def drawn_mean(dice: random.Random, state: PerpetualState) -> int:
    """A mean price: of a tick nearby or far off, of the pool itself, or of none."""
    near = state.tick + dice.randint(-300, 300)
    tick = near if dice.random() < 0.7 else dice.randint(-FARTHEST, FARTHEST)
    of_tick = wad_of_x96(price_x96(sqrt_price_at_tick(tick)))
    of_pool = wad_of_x96(price_x96(state.sqrt_price_x96))
    return dice.choice((of_tick, of_tick, of_pool, of_tick + 1, of_tick - 1))


def _funding(dice: random.Random, state: PerpetualState, at: int) -> Log:
    mean = drawn_mean(dice, state)
    index = mean + dice.randint(-mean // 20, mean // 20) if dice.random() < 0.8 else 0
    base = OTHER if dice.random() < 0.1 else BASE
    return made((FUNDING, word(base)), (mean, dice.choice((index, index, 10 * mean))), at)


def drawn_log(dice: random.Random, state: PerpetualState, trader: Address, at: int) -> Log:
    """A log that an exchange, its vault or its pool may emit."""
    draw = dice.random()
    if draw < 0.4:
        return _funding(dice, state, at)
    if draw < 0.7:
        tick, root = drawn_price(dice)
        return made((SWAP, word(OTHER), word(HOUSE)), (5, -7, root, 10**20, tick), at)
    kinds: tuple[tuple[tuple[bytes, ...], tuple[int, ...]], ...] = (
        ((POSITION, word(trader), word(BASE)), (10, -20, 1, 5, -3, 2**100)),
        ((PAID, word(trader), word(BASE)), (dice.randint(-100, 100),)),
        ((PROFIT, word(trader)), (dice.randint(-100, 100),)),
        ((DEPOSITED, word(USDC.address), word(trader)), (10,)),
    )
    return made(*dice.choice(kinds), at)


def _untrue(dice: random.Random, log: Log) -> Log:
    """The log with a word that no exchange emits, cut off, or of a moment that is past."""
    draw = dice.random()
    if draw < 0.2:
        return replace(log, data=log.data[: dice.randrange(len(log.data) + 1)])
    if draw < 0.3:
        return replace(log, timestamp=log.timestamp - dice.randrange(10**6))
    if draw < 0.4:
        return made((BAD_DEBT, word(OTHER)), (7,), log.timestamp)
    place = 32 * dice.randrange(max(len(log.data) // 32, 1))
    edges = (0, 1, 12_345, 2**20 - 1, 2**20, 2**128, 2**160, 2**255, UINT256_MAX)
    value = dice.choice((*edges, dice.getrandbits(256), dice.getrandbits(128)))
    return replace(log, data=log.data[:place] + word(value) + log.data[place + 32 :])


def _of_model(state: PerpetualState, logs: Sequence[Log]) -> list[PerpetualState]:
    """The states until a log is refused, the first one's included."""
    states = [state]
    for log in logs:
        try:
            states.append(observed(states[-1], log))
        except (RevertError, ArithmeticError, LookupError, ValueError):
            break
    return states


def logs(dice: random.Random, count: int) -> Iterator[Case]:
    """Markets that follow others' logs a few at a time, as the model does one by one."""
    while count > 0:
        state, at = drawn_market(dice), NOW
        followed = FollowedMarket(state)
        for _ in range(dice.randint(1, 6)):
            batch: list[Log] = []
            start = state
            for _ in range(dice.randint(1, AT_ONCE)):
                log = drawn_log(dice, state, OTHER, at := at + dice.choice(WAITS))
                batch.append(log)
                state = observed(state, log)
            count -= 1
            done = followed.advance(rows_of(start, batch))
            yield Case(batch, (len(batch), state), (done, followed.state))


def runs(dice: random.Random, count: int) -> Iterator[Case]:
    """Long runs with logs of a tracked account and with such as no exchange emits."""
    for _ in range(count):
        state, at = drawn_market(dice), NOW
        lies = dice.choice((0.0, 0.0, 0.03))
        told: list[Log] = []
        for _ in range(LONG):
            trader = OURS if dice.random() < 0.03 else OTHER
            log = drawn_log(dice, state, trader, at := at + dice.choice(LONG_WAITS))
            told.append(_untrue(dice, log) if dice.random() < lies else log)
        states = _of_model(state, told)
        followed = FollowedMarket(state)
        done = followed.advance(rows_of(state, told))
        yield Case(told, states[min(done, len(states) - 1)], followed.state)
        told = told[: len(states) - 1]
        yield Case(told, states[-1], observe_all(state, told))
