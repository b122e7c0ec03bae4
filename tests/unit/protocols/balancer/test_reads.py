from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.unit.protocols.balancer.weighted_pools import (
    ACCOUNTS,
    ACTOR,
    AT,
    COLLECTOR,
    HEAD,
    NOW,
    POOL,
    POOL_ID,
    ROUTER,
    TOKENS,
    VAULT,
    account,
    weighted_state,
)
from trimtab.core.abi import Answer, Read, call_data, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.protocols.balancer import BalancerAdapter, Pause, WeightedPool, WeightedState

ADAPTER = BalancerAdapter()
STATE = weighted_state()
REVERTED = Answer(False, b"")
NUMBER = int.from_bytes(POOL_ID, "big")
POOL_TOKENS = (VAULT, call_data("getPoolTokens(bytes32)", NUMBER))
PAUSED = call_data("getPausedState()")
Key = tuple[str, bytes]
Answering = Callable[[Read], Answer]


def said(*values: int | str | bool) -> Answer:
    return Answer(True, b"".join(map(word, values)))


def array(*values: int | str) -> Answer:
    return said(32, len(values), *values)


def info(index: int) -> Key:
    asked = "getPoolTokenInfo(bytes32,address)"
    return VAULT, call_data(asked, NUMBER, TOKENS[index].address)


def of_pool(signature: str, *arguments: int | str) -> Key:
    return AT, call_data(signature, *arguments)


def pool_tokens(balances: Sequence[int]) -> Answer:
    """Where the two arrays begin, the last block, and the arrays."""
    addresses = [token.address for token in TOKENS]
    count = len(addresses)
    return said(96, 96 + 32 * (count + 1), 5, count, *addresses, count, *balances)


def chain(state: WeightedState) -> Answering:
    """A node that answers as the vault and the pool in this state."""
    known: dict[Key, Answer] = {
        POOL_TOKENS: pool_tokens(state.balances),
        (VAULT, PAUSED): said(state.vault_pause.is_paused, 1, state.vault_pause.ends),
        (AT, PAUSED): said(state.pool_pause.is_paused, 1, state.pool_pause.ends),
        of_pool("getSwapFeePercentage()"): said(state.swap_fee),
        of_pool("getProtocolFeePercentageCache(uint256)", 0): said(state.protocol_swap_fee),
        of_pool("getLastPostJoinExitInvariant()"): said(state.last_invariant or 99),
        of_pool("inRecoveryMode()"): said(state.is_recovering),
        of_pool("totalSupply()"): said(state.shares.supply),
        of_pool("getPoolId()"): Answer(True, POOL_ID),
        of_pool("getVault()"): said(VAULT),
        of_pool("getProtocolFeesCollector()"): said(COLLECTOR),
        of_pool("getNormalizedWeights()"): array(*POOL.weights),
        of_pool("getScalingFactors()"): array(*POOL.scaling_factors),
        of_pool("getRateProviders()"): array(0, 0, 0),
    }
    for index, balance in enumerate(state.balances):
        known[info(index)] = said(balance, 0, 5, 0)
    for owner, raw in state.shares.balances.items():
        known[of_pool("balanceOf(address)", owner)] = said(raw)
    for pair, raw in state.shares.allowances.items():
        known[of_pool("allowance(address,address)", *pair)] = said(raw)
    return lambda read: known.get((read.to, read.data), REVERTED)


def question(
    known: WeightedState | None = None, pool: WeightedPool = POOL
) -> Question[WeightedState]:
    return Question(pool, ACCOUNTS, HEAD, known)


def read(answering: Answering, known: WeightedState | None = None) -> WeightedState:
    asked = question(known)
    return ADAPTER.decode(asked, [answering(each) for each in ADAPTER.reads(asked)])


def but(answering: Answering, key: Key, other: Answer) -> Answering:
    return lambda asked: other if (asked.to, asked.data) == key else answering(asked)


def test_decode__nothing_known__the_whole_state() -> None:
    assert read(chain(STATE)) == STATE
    assert ADAPTER.reads(replace(question(STATE), round=1)) == ()


def test_decode__known__hot_fields_only() -> None:
    paused = Pause(True, Timestamp(NOW + 9))
    later = replace(STATE, balances=(1, 2, 3), swap_fee=7, vault_pause=paused)
    asked = {(each.to, each.data) for each in ADAPTER.reads(question(STATE))}
    assert of_pool("getNormalizedWeights()") not in asked
    assert info(0) not in asked
    assert read(chain(later), STATE) == later


def test_decode__in_recovery_mode__shares_no_fees() -> None:
    recovering = replace(STATE, is_recovering=True, protocol_swap_fee=0, last_invariant=0)
    assert read(chain(recovering)) == recovering


def test_reads__allowances__not_of_the_vault() -> None:
    asked = {each.data for each in ADAPTER.reads(question())}
    assert call_data("allowance(address,address)", ACTOR, ROUTER) in asked
    assert call_data("allowance(address,address)", ACTOR, VAULT) not in asked


def test_reads__pool_of_2021__refused() -> None:
    with pytest.raises(DataError, match="a pool of 2021, of which only quotes are modelled"):
        ADAPTER.reads(question(pool=replace(POOL, has_shortcuts=False)))


@pytest.mark.parametrize(
    "key, answer, why",
    [
        (of_pool("getPoolId()"), said(1), "answers getPoolId"),
        (of_pool("getVault()"), said(account("f")), "answers getVault"),
        (of_pool("getProtocolFeesCollector()"), said(account("f")), "FeesCollector"),
        (of_pool("getNormalizedWeights()"), array(10**17, 10**17, 8 * 10**17), "Weights"),
        (of_pool("getScalingFactors()"), array(10**18, 10**18, 10**18), "ScalingFactors"),
        (of_pool("getRateProviders()"), array(0, account("f"), 0), "with rate providers"),
        (info(1), said(5, 1, 0, 0), "with an asset manager"),
        (info(2), said(5, 0, 0, account("f")), "with an asset manager at 0xf{40}"),
        (POOL_TOKENS, said(96, 224, 5, 2, *(0,) * 8), "has other tokens"),
        (POOL_TOKENS, said(96, 224, 5, 3, 1, 2, 3, 3, 4, 5, 6), "has other tokens"),
    ],
)
def test_decode__another_pool__refused(key: Key, answer: Answer, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read(but(chain(STATE), key, answer))


@pytest.mark.parametrize("answer", [REVERTED, Answer(True, b""), Answer(True, bytes(31))])
@pytest.mark.parametrize(
    "key",
    [
        POOL_TOKENS,
        (VAULT, PAUSED),
        (AT, PAUSED),
        of_pool("getLastPostJoinExitInvariant()"),
        of_pool("balanceOf(address)", ACTOR),
        of_pool("getRateProviders()"),
        info(0),
    ],
)
def test_decode__answer_missing__refused(key: Key, answer: Answer) -> None:
    with pytest.raises(MissingRead):
        read(but(chain(STATE), key, answer))


@pytest.mark.parametrize("by", [-1, 1])
def test_decode__other_count_of_answers__refused(by: int) -> None:
    answers = [chain(STATE)(each) for each in ADAPTER.reads(question())]
    others = answers[:by] if by < 0 else [*answers, said(1)]
    with pytest.raises(MissingRead, match=r"answers to .* reads of balancer:A/B/C"):
        ADAPTER.decode(question(), others)
