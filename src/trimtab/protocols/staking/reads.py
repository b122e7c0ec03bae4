"""What is asked of a staking pool, and how the answers become its state.

All of it is asked every block, since there is little of it; the pool's identity too where nothing
is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.shared import shares
from trimtab.protocols.staking.market import Queue, Request, StakingPool, StakingState

_OF_POOL = ("queue()", "pooled()", "setAside()", "reportedAt()")
_IDENTITY = ("asset()", "decimals()", "oracle()", "operator()")
_LISTS = 3
"""Numbers, amounts and sums of an account's requests."""


def reads(pool: StakingPool, question: Question[StakingState]) -> tuple[Read, ...]:
    """The pool, the requests and the shares; identity where nothing is known."""
    if question.round:
        return ()
    owners, pairs = question.accounts.owners, _pairs(question)
    hot = (
        *_asked(pool),
        *(Read(pool.address, call_data("requestsOf(address)", owner)) for owner in owners),
        *shares.reads(pool.address, question.accounts.holders(pool.share), pairs),
    )
    return hot if question.known is not None else (*hot, *_identity(pool))


def decode(
    pool: StakingPool, question: Question[StakingState], answers: Sequence[Answer]
) -> StakingState:
    """The state that the answers of round 0 give.

    Raises MissingRead for answers that are absent, short or refused, or that no such pool gives,
    and DataError if the pool is not the market's.
    """
    asked = len(reads(pool, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {pool.name}")
    if question.known is None:
        _check_identity(pool, answers[-len(_IDENTITY) :])
        answers = answers[: -len(_IDENTITY)]
    owners, own = question.accounts.owners, len(_OF_POOL)
    listed = own + len(owners)
    last, finalised, requested, ever = words(answers[0], 4, f"queue of {pool.name}")
    pooled, set_aside, reported_at = (
        words(answer, 1, f"{what} of {pool.name}")[0]
        for answer, what in zip(answers[1:own], _OF_POOL[1:], strict=True)
    )
    holders = question.accounts.holders(pool.share)
    held = shares.decode(answers[listed:], holders, _pairs(question), pool.name)
    held = held.followed(None if question.known is None else question.known.shares)
    if (pooled == 0) != (held.supply == 0) or not set_aside <= ever <= requested:
        raise MissingRead(
            f"{pool.name} states {pooled} staked for {held.supply} shares, and {set_aside} to be "
            f"claimed of {ever} set aside of {requested} requested, which no such pool can have: "
            "is the address the contract it should be?"
        )
    requests = {
        number: each
        for owner, answer in zip(owners, answers[own:listed], strict=True)
        for number, each in _requests(pool, owner, answer)
    }
    queue = Queue(last, finalised, requested, ever, set_aside, requests)
    at = question.head.timestamp
    return StakingState(at, pooled, Timestamp(reported_at), held, queue)


def _requests(pool: StakingPool, owner: Address, answer: Answer) -> Iterator[tuple[int, Request]]:
    """An owner's requests by number, out of three lists of one length, one after the other."""
    what = f"requestsOf of {pool.name}"
    count = words(answer, _LISTS + 1, what)[_LISTS]
    size = _LISTS * (1 + count)
    if count > len(answer.data):
        raise MissingRead(f"{what} answered a list of {count} in {len(answer.data)} bytes")
    told = words(answer, _LISTS + size, what)
    heads = tuple(32 * (_LISTS + at * (1 + count)) for at in range(_LISTS))
    lists = [told[head // 32 : head // 32 + 1 + count] for head in heads]
    if told[:_LISTS] != heads or any(each[0] != count for each in lists):
        raise MissingRead(f"{what} answered lists that are not of one length, or not in order")
    for number, assets, until in zip(*(each[1:] for each in lists), strict=True):
        yield number, Request(owner, assets, until)


def _pairs(question: Question[StakingState]) -> tuple[tuple[Address, Address], ...]:
    return question.accounts.allowing(question.known)


@cache
def _asked(pool: StakingPool) -> tuple[Read, ...]:
    return tuple(Read(pool.address, call_data(each)) for each in _OF_POOL)


# ---------------------------------------------------------------------------------- identity


@cache
def _identity(pool: StakingPool) -> tuple[Read, ...]:
    return tuple(Read(pool.address, call_data(each)) for each in _IDENTITY)


def _check_identity(pool: StakingPool, answers: Sequence[Answer]) -> None:
    declared: tuple[int | str, ...] = (
        pool.asset.address,
        pool.share.decimals,
        pool.oracle,
        pool.operator,
    )
    for what, expected, answer in zip(_IDENTITY, declared, answers, strict=True):
        (stated,) = words(answer, 1, f"{what} of {pool.name}")
        if stated.to_bytes(32, "big") != word(expected):
            raise DataError(
                f"{pool.name} at {pool.address}: {what} is {stated:#x}, but {expected} was "
                "declared: correct the declaration, or the address"
            )
