"""Drawn logs of Morpho Blue's markets, and such as it never emits, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.laws.kernel_cases import Case
from tests.unit.protocols.morpho.isolated import ACTOR, ADAPTIVE, CURVE, MARKET, NOW, OTHER
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.token import Address
from trimtab.protocols.morpho import LendingState, Position
from trimtab.protocols.morpho.events import observe
from trimtab.protocols.morpho.maths import FollowedMarket, observe_all, rows_of
from trimtab.protocols.shared.reverts import RevertError

LOGS = frozenset({"trimtab.protocols.morpho.maths.following.follow"})
AT_ONCE, LONG = 12, 60

INTEREST = "AccrueInterest(bytes32,uint256,uint256,uint256)"
SUPPLY = "Supply(bytes32,address,address,uint256,uint256)"
WITHDRAW = "Withdraw(bytes32,address,address,address,uint256,uint256)"
BORROW = "Borrow(bytes32,address,address,address,uint256,uint256)"
REPAY = "Repay(bytes32,address,address,uint256,uint256)"
COLLATERAL = "SupplyCollateral(bytes32,address,address,uint256)"
TAKEN = "WithdrawCollateral(bytes32,address,address,address,uint256)"
LIQUIDATE = "Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)"
FEE, RATE = "SetFee(bytes32,uint256)", "BorrowRateUpdate(bytes32,uint256,uint256)"


def drawn_market(dice: random.Random) -> LendingState:
    """A market of either rate model with some supply, of which some is lent."""
    market = dice.choice((MARKET, ADAPTIVE))
    return LendingState(
        timestamp=NOW,
        market=market,
        total_supply_assets=dice.getrandbits(dice.randint(1, 127)),
        total_supply_shares=dice.getrandbits(dice.randint(1, 127)),
        total_borrow_assets=dice.getrandbits(dice.randint(1, 127)),
        total_borrow_shares=dice.getrandbits(dice.randint(1, 127)),
        last_update=Timestamp(NOW),
        fee=Wad(dice.choice((0, 10**17))),
        fee_recipient=dice.choice((OTHER, ACTOR)),
        rate_at_target=dice.getrandbits(30) if market is ADAPTIVE else None,
        positions={ACTOR: Position(10**9, 10**9, 10**9)},
    )


def made(state: LendingState, signature: str, named: Sequence[Address], *words: int) -> Log:
    """A log of the market, or of its rate model."""
    by = CURVE if signature == RATE else state.market.address
    first = bytes.fromhex(state.market.market_id[2:])
    topics = (topic(signature), first, *(word(each) for each in named))
    return Log(by, topics, b"".join(map(word, words)), 1, NOW, "0x", 0)


def drawn_log(dice: random.Random, state: LendingState, owner: Address) -> Log:
    """A log of any kind, of no more than there is."""
    named, raw, parts = (OTHER, owner, OTHER), dice.getrandbits(100), dice.getrandbits(100)
    who = int.from_bytes(word(OTHER), "big")
    supplied = min(raw, state.total_supply_assets), min(parts, state.total_supply_shares)
    owed = raw, min(parts, state.total_borrow_shares)
    lost = min(raw, state.total_supply_assets), state.total_borrow_shares - owed[1]
    return dice.choice(
        (
            made(state, INTEREST, (), 1, raw, parts),
            made(state, SUPPLY, named[:2], raw, parts),
            made(state, WITHDRAW, named[1:], who, *supplied),
            made(state, BORROW, named[1:], who, raw, parts),
            made(state, REPAY, named[:2], *owed),
            made(state, COLLATERAL, named[:2], raw),
            made(state, TAKEN, named[1:], who, raw),
            made(state, LIQUIDATE, named[:2], *owed, raw, *dice.choice(((0, 0), lost))),
            made(state, FEE, (), dice.randrange(10**18)),
            made(state, RATE, (), 1, dice.getrandbits(60)),
        )
    )


def _untrue(dice: random.Random, state: LendingState, log: Log) -> Log:
    """The log with a word too great, cut off, of another market, or of a new recipient of fees."""
    draw = dice.random()
    if draw < 0.2:
        return replace(log, data=log.data[: dice.randrange(len(log.data) + 1)])
    if draw < 0.4:
        return replace(log, topics=(log.topics[0], bytes(32), *log.topics[2:]))
    if draw < 0.6:
        recipient = topic("SetFeeRecipient(address)"), word(dice.choice((ACTOR, OTHER)))
        return replace(made(state, FEE, ()), topics=recipient)
    place = 32 * dice.randrange(len(log.data) // 32)
    value = dice.choice((0, 2**128, 2**255, UINT256_MAX))
    return replace(log, data=log.data[:place] + word(value) + log.data[place + 32 :])


def _of_model(state: LendingState, logs: Sequence[Log]) -> list[LendingState]:
    """The states until a log is refused, the first one's included."""
    states = [state]
    for log in logs:
        try:
            states.append(observe(states[-1], log))
        except (RevertError, ArithmeticError, LookupError, ValueError):
            break
    return states


def logs(dice: random.Random, count: int) -> Iterator[Case]:
    """Markets that follow others' logs a few at a time, as the model does one by one."""
    while count > 0:
        state, at = replace(drawn_market(dice), fee_recipient=OTHER), int(NOW)
        followed = FollowedMarket(state)
        for _ in range(dice.randint(1, 6)):
            batch: list[Log] = []
            start = state
            for _ in range(dice.randint(1, AT_ONCE)):
                at += dice.choice((0, 1, 12))
                log = replace(drawn_log(dice, state, OTHER), timestamp=at)
                batch.append(log)
                state = observe(state, log)
            count -= 1
            done = followed.advance(rows_of(start, batch))
            yield Case(batch, (len(batch), state), (done, followed.state))


def runs(dice: random.Random, count: int) -> Iterator[Case]:
    """Long runs with logs of a tracked account and with such as the contract never emits."""
    for _ in range(count):
        state = start = drawn_market(dice)
        lies, told = dice.choice((0.0, 0.0, 0.03)), list[Log]()
        for _ in range(LONG):
            owner = ACTOR if dice.random() < 0.03 else OTHER
            log = replace(drawn_log(dice, state, owner), timestamp=NOW + len(told))
            state = _of_model(state, [log])[-1]
            told.append(_untrue(dice, state, log) if dice.random() < lies else log)
        states = _of_model(start, told)
        followed = FollowedMarket(start)
        done = followed.advance(rows_of(start, told))
        yield Case(told, states[min(done, len(states) - 1)], followed.state)
        told = told[: len(states) - 1]
        yield Case(told, states[-1], observe_all(start, told))
