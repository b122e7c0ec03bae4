"""Drawn logs of Aave V3 pools, and such as no pool emits, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.laws.kernel_cases import Case
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.market import MarketId
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.protocols.aave_v3 import (
    AccountState,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveConfiguration,
    ReserveState,
)
from trimtab.protocols.aave_v3.events import observe
from trimtab.protocols.aave_v3.maths import FollowedReserves, observe_all, rows_of
from trimtab.protocols.shared.reverts import RevertError

EVENTS = frozenset({"trimtab.protocols.aave_v3.maths.following.follow"})
POOL, OURS, OTHER = (address_from_bytes(bytes(20 * [number])) for number in (10, 11, 12))
RAY, NOW = 10**27, 1_700_000_000
WAITS = (0, 0, 1, 2, 3, 12, 12, 3_600, 86_400 * 365 * 4)
LONG_WAITS = (*WAITS, 2**32 - 1, 2**32, 2**34)
AT_ONCE, LONG = 12, 60

RATES = topic("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)")
MINT = topic("Mint(address,address,uint256,uint256,uint256)")
BURN = topic("Burn(address,address,uint256,uint256,uint256)")
FLASH_LOAN = topic("FlashLoan(address,address,address,uint256,uint8,uint256,uint16)")
TO_TREASURY = topic("MintedToTreasury(address,uint256)")
ISOLATED = topic("IsolationModeTotalDebtUpdated(address,uint256)")
TRANSFER = topic("BalanceTransfer(address,address,uint256,uint256)")
CATEGORY = topic("UserEModeSet(address,uint8)")


def _address(number: int) -> Address:
    return address_from_bytes(word(number))


def drawn_number(dice: random.Random, bits: int = 128) -> int:
    """A number of up to so many bits: of any size, or an edge."""
    edges = (0, 1, 2**bits - 1, 2 ** (bits - 1))
    return dice.choice(edges) if dice.random() < 0.05 else dice.getrandbits(dice.randint(1, bits))


def drawn_rate(dice: random.Random) -> Ray:
    """A rate per year, mostly of some per cent."""
    bits = 128 if dice.random() < 0.03 else 90
    return Ray(dice.randrange(RAY // 2) if dice.random() < 0.8 else drawn_number(dice, bits))


def drawn_index(dice: random.Random) -> Ray:
    """An index, which never lies below a ray."""
    return Ray(RAY + drawn_number(dice, dice.choice((10, 86, 90, 100))))


def drawn_reserve(dice: random.Random, number: int) -> ReserveState:
    """A reserve of any factor, in use or not."""
    token = Token(1, _address(number + 1), 6, f"T{number}")
    tokens = [_address(256 * part + number) for part in (1, 2, 3, 4)]
    return ReserveState(
        reserve=Reserve(token, tokens[0], tokens[1], tokens[2], tokens[3], MarketId("f"), number),
        configuration=ReserveConfiguration(dice.choice((0, 1_000, 3_333, 10_000, 65_535)) << 64),
        strategy=RateStrategy(*(Ray(0) for _ in range(7))),
        liquidity_index=drawn_index(dice),
        liquidity_rate=drawn_rate(dice),
        variable_borrow_index=drawn_index(dice),
        variable_borrow_rate=drawn_rate(dice),
        stable_borrow_rate=drawn_rate(dice),
        last_update=Timestamp(NOW),
        accrued_to_treasury=drawn_number(dice, 100),
        scaled_supply=2**120 + drawn_number(dice, 100),
        scaled_variable_debt=0 if dice.random() < 0.2 else drawn_number(dice, 110),
    )


def drawn_pool(dice: random.Random) -> LendingState:
    """A pool of a few reserves, with one tracked account."""
    reserves = [drawn_reserve(dice, number) for number in range(dice.randint(1, 3))]
    tokens = [each.reserve.token for each in reserves]
    account = AccountState(0, dict.fromkeys(tokens, 10**9), dict.fromkeys(tokens, 0))
    return LendingState(
        timestamp=Timestamp(NOW),
        reserves={each.reserve.token: each for each in reserves},
        accounts={OURS: account},
        premium_to_protocol=Bps(dice.choice((0, 4_000, 10_000))),
    )


def made(address: Address, topics: Sequence[bytes], words: Sequence[int], at: int) -> Log:
    """A log of these words."""
    return Log(address, tuple(topics), b"".join(map(word, words)), 1, at, "0x", 0)


def _changed(dice: random.Random, reserve: ReserveState, owner: Address, at: int) -> Log:
    """A mint or a burn of either token, with the interest that it brings to account."""
    is_debt, kind = dice.random() < 0.5, dice.choice((MINT, BURN))
    address = reserve.reserve.variable_debt_token if is_debt else reserve.reserve.a_token
    index = reserve.variable_borrow_index if is_debt else reserve.liquidity_index
    there = reserve.scaled_variable_debt if is_debt else reserve.scaled_supply
    raw = there * index // RAY
    most = raw if kind == BURN else 2**110
    value = dice.randrange(most + 1) if dice.random() < 0.5 else dice.randrange(10**6) % (most + 1)
    spare = raw - value if kind == BURN else raw + value
    interest = dice.randrange(spare + 1) if dice.random() < 0.3 else 0
    topics = (kind, word(OTHER), word(owner)) if kind == MINT else (kind, word(owner), word(OTHER))
    return made(address, topics, (value, interest, index), at)


def drawn_log(dice: random.Random, state: LendingState, owner: Address, at: int) -> Log:
    """A log that a pool may emit, of any kind that is followed."""
    reserve = dice.choice(list(state.reserves.values()))
    asset = word(reserve.reserve.token.address)
    draw = dice.random()
    if draw < 0.45:
        rates = [drawn_rate(dice) for _ in range(3)]
        indices = drawn_index(dice), drawn_index(dice)
        return made(POOL, (RATES, asset), (*rates, *indices), at)
    if draw < 0.85:
        return _changed(dice, reserve, owner, at)
    if draw < 0.9:
        loan = (1, 10**9, 0, drawn_number(dice, 90))
        return made(POOL, (FLASH_LOAN, word(OTHER), asset, word(0)), loan, at)
    kinds: tuple[tuple[tuple[bytes, bytes], tuple[int, ...]], ...] = (
        ((TO_TREASURY, asset), (5,)),
        ((ISOLATED, asset), (drawn_number(dice),)),
        ((CATEGORY, word(owner)), (0,)),
        ((RATES, word(OTHER)), (1, 2, 3, 4, 5)),
        ((TRANSFER, word(OTHER)), (1,)),
    )
    topics, words = dice.choice(kinds)
    return made(POOL, topics, words, at)


def _untrue(dice: random.Random, log: Log) -> Log:
    """The log with a word that no pool would emit, cut off, or of a moment that is past."""
    draw = dice.random()
    if draw < 0.2:
        return replace(log, data=log.data[: dice.randrange(len(log.data) + 1)])
    if draw < 0.3:
        return replace(log, timestamp=log.timestamp - dice.randrange(10**6))
    place = 32 * dice.randrange(max(len(log.data) // 32, 1))
    value = dice.choice((0, 1, 2**128 - 1, 2**128, 2**255, UINT256_MAX, dice.getrandbits(256)))
    return replace(log, data=log.data[:place] + word(value) + log.data[place + 32 :])


def _of_model(state: LendingState, logs: Sequence[Log]) -> tuple[list[LendingState], str]:
    """The states until a log is refused, the first one's included, and how it is refused."""
    states = [state]
    for log in logs:
        try:
            states.append(observe(states[-1], log))
        except (RevertError, ArithmeticError, LookupError, ValueError) as error:
            return states, repr(error)
    return states, ""


def events(dice: random.Random, count: int) -> Iterator[Case]:
    """Pools that follow others' logs a few at a time, as the model does one by one."""
    while count > 0:
        state, at = drawn_pool(dice), NOW
        followed = FollowedReserves(state)
        for _ in range(dice.randint(1, 6)):
            batch: list[Log] = []
            reached = [state]
            for _ in range(dice.randint(1, AT_ONCE)):
                log = drawn_log(dice, reached[-1], OTHER, at := at + dice.choice(WAITS))
                told, _ = _of_model(reached[-1], [log])
                if len(told) < 2:
                    break  # refused, as after a wait that no index survives
                batch.append(log)
                reached.append(told[-1])
            state = reached[-1]
            count -= 1
            done = followed.advance(rows_of(state, batch))
            yield Case(batch, (len(batch), state), (done, followed.state))
            if done < len(batch):
                break


def runs(dice: random.Random, count: int) -> Iterator[Case]:
    """Long runs with logs of a tracked account and with such as no pool emits."""
    for _ in range(count):
        state, at, logs = drawn_pool(dice), NOW, []
        lies = dice.choice((0.0, 0.0, 0.02))
        for _ in range(LONG):
            owner = OURS if dice.random() < 0.03 else OTHER
            log = drawn_log(dice, state, owner, at := at + dice.choice(LONG_WAITS))
            logs.append(_untrue(dice, log) if dice.random() < lies else log)
        states, refused = _of_model(state, logs)
        if refused:
            followed = FollowedReserves(state)
            done = followed.advance(rows_of(state, logs))
            yield Case(logs, states[min(done, len(states) - 1)], followed.state)
            logs = logs[: len(states) - 1]
        yield Case(logs, states[-1], observe_all(state, logs))
