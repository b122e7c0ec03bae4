"""What is asked of a token each block, and how the answers become its state."""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError
from trimtab.core.token import Address
from trimtab.protocols.erc20.market import Erc20, Erc20State


def pairs(question: Question[Erc20State]) -> tuple[tuple[Address, Address], ...]:
    """The (owner, spender) pairs whose allowance is asked for, in the order of the reads."""
    return question.accounts.allowing(question.known)


def reads(market: Erc20, question: Question[Erc20State]) -> tuple[Read, ...]:
    """Balances, then allowances; the decimals too where nothing is known yet."""
    if question.round:
        return ()
    asked = [
        call_data("balanceOf(address)", holder)
        for holder in question.accounts.holders(market.token)
    ]
    asked += [call_data("allowance(address,address)", *pair) for pair in pairs(question)]
    if question.known is None:
        asked.append(call_data("decimals()"))
    return tuple(Read(market.address, data) for data in asked)


def decode(market: Erc20, question: Question[Erc20State], answers: Sequence[Answer]) -> Erc20State:
    """The token's state from the answers of round 0.

    Raises DataError if the contract states other decimals than the market.
    """
    holders = question.accounts.holders(market.token)
    owned = pairs(question)
    values = [words(answer, 1, f"{market.name}")[0] for answer in answers]
    if question.known is None and values[-1] != market.token.decimals:
        raise DataError(
            f"the token {market.token.symbol} at {market.address} says that it has {values[-1]} "
            f"decimals, but it was declared with {market.token.decimals}: amounts would be wrong "
            "by powers of ten; correct the declaration or drop the token"
        )
    allowed = values[len(holders) : len(holders) + len(owned)]
    known = {} if owned or question.known is None else question.known.allowances
    return Erc20State(
        timestamp=question.head.timestamp,
        token=market.token,
        balances=dict(zip(holders, values, strict=False)),
        allowances={**known, **dict(zip(owned, allowed, strict=True))},
    )
