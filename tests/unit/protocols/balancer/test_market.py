from dataclasses import replace

import pytest

from tests.unit.protocols.balancer.weighted_pools import AT, OPEN, POOL, TOKENS, VAULT, account
from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Token
from trimtab.protocols.balancer import Pause


def test_pool__of_the_vault__names_what_it_needs() -> None:
    assert POOL.id == f"balancer:1:{AT}"
    assert POOL.spenders == (VAULT,)
    assert POOL.custody == tuple((token, VAULT) for token in TOKENS)
    assert POOL.scaling_factors == (10**30, 10**30, 10**18)
    assert (POOL.share.address, POOL.share.decimals) == (AT, 18)
    assert [POOL.index(token) for token in TOKENS] == [0, 1, 2]
    assert POOL.place(TOKENS[2].address) == 2


def test_index__token_of_another_pool__no_route() -> None:
    with pytest.raises(NoRoute, match="balancer:A/B/C trades A, B, C, not X"):
        POOL.index(Token(1, account("f"), 18, "X"))


@pytest.mark.parametrize(
    "change, why",
    [
        ({"pool_id": POOL.pool_id[1:]}, "is not of"),
        ({"pool_id": bytes(32)}, "is not of"),
        ({"weights": (25 * 10**16, 75 * 10**16)}, "each has one"),
        ({"weights": (10**18, 10**16, 10**16 - 1)}, "each has one"),
        ({"weights": (50 * 10**16,) * 3}, "expected 10\\*\\*18 in all"),
        ({"tokens": TOKENS[::-1]}, "in the order of their addresses"),
        ({"tokens": (TOKENS[0],) * 3}, "in the order of their addresses"),
        ({"tokens": TOKENS[:1]}, "2 to 8 tokens"),
        ({"tokens": (*TOKENS[:2], replace(TOKENS[2], decimals=19))}, "19 decimals"),
        ({"tokens": (*TOKENS[:2], replace(TOKENS[2], decimals=27))}, "27 decimals"),
        ({"tokens": tuple(Token(1, account(d), 18, d) for d in "123456789")}, "2 to 8 tokens"),
    ],
)
def test_pool__what_none_can_be__refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        replace(POOL, **change)  # type: ignore[arg-type]


def test_pool__token_without_decimals__taken() -> None:
    whole = replace(POOL, tokens=(*TOKENS[:2], replace(TOKENS[2], decimals=0)))
    assert whole.scaling_factors[2] == 10**36


def test_pool__of_eight_tokens__taken() -> None:
    tokens = tuple(Token(1, account(digit), 18, digit) for digit in "12345678")
    assert replace(POOL, tokens=tokens, weights=(125 * 10**15,) * 8).tokens == tokens


def test_pause__after_its_end__none() -> None:
    paused = replace(OPEN, is_paused=True)
    assert paused.at(OPEN.ends) == paused
    assert paused.at(Timestamp(OPEN.ends + 1)) == Pause(False, OPEN.ends)
    assert OPEN.at(OPEN.ends) == OPEN
