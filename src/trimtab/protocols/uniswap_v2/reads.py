"""What is asked of a pair, and how the answers become its state.

All of it is asked every block, since there is little of it; the pair's identity too where nothing
is known.
"""

from collections.abc import Sequence
from functools import cache

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.shared import shares
from trimtab.protocols.uniswap_v2.market import UINT112_MAX, Pair, PairState

_OF_PAIR = ("getReserves()", "price0CumulativeLast()", "price1CumulativeLast()", "kLast()")
_IDENTITY = ("token0()", "token1()", "factory()")


def reads(pair: Pair, question: Question[PairState]) -> tuple[Read, ...]:
    """The pair, who takes the protocol's fee, and the shares; identity where nothing is known."""
    if question.round:
        return ()
    owners, pairs = question.accounts.owners, _pairs(pair, question)
    hot = (*_asked(pair), *shares.reads(pair.address, owners, pairs))
    return hot if question.known is not None else (*hot, *_identity(pair))


def decode(pair: Pair, question: Question[PairState], answers: Sequence[Answer]) -> PairState:
    """The state that the answers of round 0 give.

    Raises MissingRead for answers that are absent, short or refused, and DataError if the
    contracts are not those of the market.
    """
    asked = len(reads(pair, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {pair.name}")
    if question.known is None:
        hot = len(answers) - len(_identity(pair))
        _check_identity(pair, answers[hot:])
        answers = answers[:hot]
    own = len(_asked(pair))
    reserves, *single = answers[:own]
    reserve0, reserve1, updated_at = words(reserves, 3, f"getReserves of {pair.name}")
    if max(reserve0, reserve1) > UINT112_MAX:
        raise MissingRead(
            f"{pair.name} states reserves of {reserve0} and {reserve1}, which no pair can have: "
            "is the address the contract it should be?"
        )
    price0, price1, k_last, fee_to, held = (
        _number(answer, f"{what} of {pair.name}")
        for answer, what in zip(single, (*_OF_PAIR[1:], "feeTo", "own shares"), strict=True)
    )
    owners, pairs = question.accounts.owners, _pairs(pair, question)
    return PairState(
        timestamp=question.head.timestamp,
        reserve0=reserve0,
        reserve1=reserve1,
        updated_at=updated_at,
        price0_cumulative=price0,
        price1_cumulative=price1,
        k_last=k_last,
        fee_to=address_from_bytes(word(fee_to)),
        shares=shares.decode(answers[own:], owners, pairs, pair.name),
        held=held,
    )


def _number(answer: Answer, what: str) -> int:
    (number,) = words(answer, 1, what)
    return number


def _pairs(pair: Pair, question: Question[PairState]) -> tuple[tuple[Address, Address], ...]:
    """Owner and spender, of which the router alone takes shares."""
    return tuple((owner, pair.router) for owner in question.accounts.owners)


@cache
def _asked(pair: Pair) -> tuple[Read, ...]:
    of_pair = (Read(pair.address, call_data(signature)) for signature in _OF_PAIR)
    fee_to = Read(pair.factory, call_data("feeTo()"))
    held = Read(pair.address, call_data("balanceOf(address)", pair.address))
    return (*of_pair, fee_to, held)


# ---------------------------------------------------------------------------------- identity


@cache
def _identity(pair: Pair) -> tuple[Read, ...]:
    of_pair = (Read(pair.address, call_data(signature)) for signature in _IDENTITY)
    addresses = (pair.token0.address, pair.token1.address)
    listed = Read(pair.factory, call_data("getPair(address,address)", *addresses))
    return (*of_pair, Read(pair.router, call_data("factory()")), listed)


def _check_identity(pair: Pair, answers: Sequence[Answer]) -> None:
    expected = (
        ("token0()", pair.token0.address),
        ("token1()", pair.token1.address),
        ("factory()", pair.factory),
        ("factory() of its router", pair.factory),
        ("getPair of its tokens by its factory", pair.address),
    )
    for (what, declared), answer in zip(expected, answers, strict=True):
        (stated,) = words(answer, 1, f"{what} of {pair.name}")
        if word(stated) != word(declared):
            raise DataError(
                f"{pair.name} at {pair.address}: {what} is {stated:#042x}, but {declared} was "
                "declared: correct the declaration, or the address"
            )
