"""What is asked of a pool, and how the answers become its state.

Every block: balances, fees, A and its ramp, and the share token. Where nothing is known, which
coins there are, and the price of a share: it depends on the coins' rates, which a pool does not
tell and its coins' decimals have to give.
"""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.curve.market import StablePool, StableState
from trimtab.protocols.curve.model import amounts
from trimtab.protocols.shared import shares

_HOT = (
    "fee()",
    "admin_fee()",
    "initial_A()",
    "future_A()",
    "initial_A_time()",
    "future_A_time()",
)


def reads(pool: StablePool, question: Question[StableState]) -> tuple[Read, ...]:
    """The hot fields and, where nothing is known, who the pool is."""
    if question.round:
        return ()
    count = len(pool.coins)
    asked = [call_data("balances(uint256)", index) for index in range(count)]
    asked += map(call_data, _HOT)
    if question.known is None:
        asked += [call_data("coins(uint256)", index) for index in range(count + 1)]
        asked.append(call_data("get_virtual_price()"))
    own = tuple(Read(pool.address, data) for data in asked)
    return own + shares.reads(pool.address, question.accounts.owners, pairs(question))


def decode(
    pool: StablePool, question: Question[StableState], answers: Sequence[Answer]
) -> StableState:
    """The state from the answers of round 0.

    Raises MissingRead for answers that are absent, short or refused, and DataError if the pool is
    of other coins than the market, or of other rates than its coins' decimals give.
    """
    asked, count = len(reads(pool, question)), len(pool.coins)
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {pool.name}")
    holders, owned = question.accounts.owners, pairs(question)
    own = len(answers) - (1 + len(holders) + len(owned))
    hot = [words(answer, 1, pool.name)[0] for answer in answers[: count + len(_HOT)]]
    fee, admin_fee, initial_a, future_a, initial_a_time, future_a_time = hot[count:]
    state = StableState(
        timestamp=question.head.timestamp,
        coins=tuple(coin.address for coin in pool.coins),
        rates=pool.rates,
        balances=tuple(hot[:count]),
        fee=fee,
        admin_fee=admin_fee,
        initial_a=initial_a,
        future_a=future_a,
        initial_a_time=initial_a_time,
        future_a_time=future_a_time,
        shares=shares.decode(answers[own:], holders, owned, pool.name),
    )
    if question.known is None:
        _check_identity(pool, state, answers[count + len(_HOT) : own])
    return state


def pairs(question: Question[StableState]) -> tuple[tuple[Address, Address], ...]:
    """The (owner, spender) pairs whose allowance of shares is tracked, in the order of reads."""
    accounts = question.accounts
    return tuple((owner, spender) for owner in accounts.owners for spender in accounts.spenders)


def _check_identity(pool: StablePool, state: StableState, answers: Sequence[Answer]) -> None:
    *coins, beyond, price = answers
    found = [
        address_from_bytes(word(words(each, 1, f"a coin of {pool.name}")[0])) for each in coins
    ]
    if tuple(found) != state.coins or beyond.ok:
        more = " and more" if beyond.ok else ""
        raise DataError(
            f"{pool.name} at {pool.address} is of {', '.join(found)}{more}, but was declared with "
            f"{', '.join(state.coins)}: correct the address book"
        )
    try:
        expected = amounts.get_virtual_price(state, state.timestamp)
    except ArithmeticError:
        return  # an empty pool, or one with nothing of a coin, has no price to compare
    stated = words(price, 1, f"the price of a share of {pool.name}")[0]
    if stated != expected:
        raise DataError(
            f"{pool.name} at {pool.address} says that a share is worth {stated}, and its balances "
            f"with its coins' decimals make {expected}: it has rates of its own, which are not "
            "modelled; leave it out"
        )
