"""What is asked of the vault and of a pool, and how the answers become its state.

Every block: balances, fees, the kept invariant, what is paused, and the share token. Where
nothing is known, which pool it is, and that nobody but the vault has anything of it.
"""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.balancer.market import Pause, WeightedPool, WeightedState
from trimtab.protocols.shared import shares

SWAP_FEES = 0
_OF_POOL = (
    call_data("getSwapFeePercentage()"),
    call_data("getProtocolFeePercentageCache(uint256)", SWAP_FEES),
    call_data("getLastPostJoinExitInvariant()"),
    call_data("inRecoveryMode()"),
)
_PAUSED = call_data("getPausedState()")


def reads(pool: WeightedPool, question: Question[WeightedState]) -> tuple[Read, ...]:
    """The hot fields and, where nothing is known, who the pool is.

    Raises DataError for a pool of 2021, whose joins and exits are not modelled.
    """
    if question.round:
        return ()
    if not pool.has_shortcuts:
        raise DataError(
            f"{pool.name} is a pool of 2021, of which only quotes are modelled: leave it out"
        )
    identity = _identity(pool) if question.known is None else ()
    return (*_hot(pool, question), *identity)


def decode(
    pool: WeightedPool, question: Question[WeightedState], answers: Sequence[Answer]
) -> WeightedState:
    """The state from the answers of round 0.

    Raises MissingRead for answers that are absent, short or refused, and DataError if the vault
    or the pool is not what was declared, or has what is not modelled.
    """
    asked = len(reads(pool, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {pool.name}")
    tokens, vault_pause, pool_pause, *single = answers[: 3 + len(_OF_POOL)]
    fee, protocol_fee, last, recovering = (
        word for each in single for word in words(each, 1, pool.name)
    )
    holders, owned = question.accounts.owners, pairs(pool, question)
    own, end = 3 + len(_OF_POOL), len(_hot(pool, question))
    if question.known is None:
        _check_identity(pool, answers[end:])
    return WeightedState(
        timestamp=question.head.timestamp,
        pool=pool,
        balances=_balances(pool, tokens),
        swap_fee=fee,
        protocol_swap_fee=protocol_fee,
        last_invariant=0 if recovering else last,
        is_recovering=bool(recovering),
        vault_pause=_pause(pool, vault_pause),
        pool_pause=_pause(pool, pool_pause),
        shares=shares.decode(answers[own:end], holders, owned, pool.name),
    )


def pairs(
    pool: WeightedPool, question: Question[WeightedState]
) -> tuple[tuple[Address, Address], ...]:
    """The (owner, spender) pairs whose allowance of shares is tracked; the vault needs none."""
    accounts = question.accounts
    spenders = [each for each in accounts.spenders if each != pool.vault]
    return tuple((owner, spender) for owner in accounts.owners for spender in spenders)


def _hot(pool: WeightedPool, question: Question[WeightedState]) -> tuple[Read, ...]:
    of_shares = shares.reads(pool.address, question.accounts.owners, pairs(pool, question))
    return (
        Read(pool.vault, call_data("getPoolTokens(bytes32)", _number(pool))),
        Read(pool.vault, _PAUSED),
        *(Read(pool.address, data) for data in (_PAUSED, *_OF_POOL)),
        *of_shares,
    )


def _number(pool: WeightedPool) -> int:
    return int.from_bytes(pool.pool_id, "big")


def _balances(pool: WeightedPool, answer: Answer) -> tuple[int, ...]:
    """The balances, after three words, a length, the tokens and another length."""
    count = len(pool.tokens)
    found = words(answer, 5 + 2 * count, f"getPoolTokens of {pool.name}")
    tokens, balances = found[4 : 4 + count], found[5 + count :]
    expected = tuple(int(token.address, 16) for token in pool.tokens)
    if found[3] != count or found[4 + count] != count or tokens != expected:
        raise DataError(
            f"the vault has other tokens of {pool.name} than the {count} that were declared, or "
            "in another order: correct the address book"
        )
    return balances


def _pause(pool: WeightedPool, answer: Answer) -> Pause:
    is_paused, _, ends = words(answer, 3, f"getPausedState of {pool.name}")
    return Pause(bool(is_paused), Timestamp(ends))


# ---------------------------------------------------------------------------------- identity


def _identity(pool: WeightedPool) -> tuple[Read, ...]:
    info = "getPoolTokenInfo(bytes32,address)"
    return (
        *(Read(pool.address, call_data(asked)) for asked in _declared(pool)),
        *(Read(pool.vault, call_data(info, _number(pool), token.address)) for token in pool.tokens),
    )


def _declared(pool: WeightedPool) -> dict[str, tuple[int, ...]]:
    """What the pool has to answer, in words; before the items of an array are its place and size.

    A rate provider would make the protocol's fees on yield count, which are not modelled.
    """
    count = len(pool.tokens)
    no_providers = (0,) * count
    return {
        "getPoolId()": (_number(pool),),
        "getVault()": (int(pool.vault, 16),),
        "getProtocolFeesCollector()": (int(pool.fees_collector, 16),),
        "getNormalizedWeights()": (32, count, *pool.weights),
        "getScalingFactors()": (32, count, *pool.scaling_factors),
        "getRateProviders()": (32, count, *no_providers),
    }


def _check_identity(pool: WeightedPool, answers: Sequence[Answer]) -> None:
    declared = _declared(pool)
    for (asked, expected), answer in zip(declared.items(), answers, strict=False):
        stated = words(answer, len(expected), f"{asked} of {pool.name}")
        if stated != expected:
            raise DataError(
                f"{pool.name} at {pool.address} answers {asked} with {stated}, expected "
                f"{expected}: correct the address book, or leave out a pool with rate providers"
            )
    for token, answer in zip(pool.tokens, answers[len(declared) :], strict=True):
        _, managed, _, manager = words(answer, 4, f"getPoolTokenInfo of {pool.name}")
        if managed or manager:
            raise DataError(
                f"{pool.name} has {managed} of {token} with an asset manager at {manager:#042x}: "
                "what one does with it is not modelled; leave the pool out"
            )
