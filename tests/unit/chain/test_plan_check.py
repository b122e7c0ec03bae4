import pytest
from eth_abi.abi import decode as abi_decode
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.test_token import USDC
from trimtab.chain.plan_check import PLAN_CHECK, broken_bound, check_call, check_code
from trimtab.core.abi import Call, selector, word
from trimtab.core.bounds import (
    BalanceTooLow,
    Bounds,
    HealthTooLow,
    Late,
    LeastBalance,
    LeastHealth,
    Unanswered,
)
from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Timestamp
from trimtab.core.token import address_from_bytes

TYPES = ["uint256", "(address,address,uint256)[]", "(address,address,uint256)[]"]
ACCOUNT, ASKED = address_from_bytes(b"\xaa" * 20), address_from_bytes(b"\xbb" * 20)
CHECK = check_call(PLAN_CHECK, Bounds(Timestamp(1)))
WORDS = word(ASKED) + word(ACCOUNT)


def test_check_call__bounds__as_the_contract_reads_them() -> None:
    balance, health = LeastBalance(USDC, ACCOUNT, 5), LeastHealth(ASKED, ACCOUNT, 2**256 - 1)
    call = check_call(PLAN_CHECK, Bounds(Timestamp(9), (balance, balance), (health,)))
    assert (call.to, call.value) == (PLAN_CHECK, 0)
    assert call.data[:4] == selector(f"check({','.join(TYPES)})")
    owner, asked = ACCOUNT.lower(), ASKED.lower()
    assert abi_decode(TYPES, call.data[4:]) == (
        9,
        ((USDC.address.lower(), owner, 5),) * 2,
        ((asked, owner, 2**256 - 1),),
    )


@pytest.mark.parametrize(
    "returned, expected",
    [
        (selector("Late(uint256,uint256)") + word(8) + word(7), Late(8, 7)),
        (selector("Unanswered(address,address)") + WORDS, Unanswered(ASKED, ACCOUNT)),
        (
            selector("BalanceTooLow(address,address,uint256,uint256)") + WORDS + word(3) + word(4),
            BalanceTooLow(ASKED, ACCOUNT, 3, 4),
        ),
        (
            selector("HealthTooLow(address,address,uint256,uint256)") + WORDS + word(3) + word(4),
            HealthTooLow(ASKED, ACCOUNT, 3, 4),
        ),
    ],
)
def test_broken_bound__error_of_the_check__told(returned: bytes, expected: object) -> None:
    assert broken_bound(CHECK, returned) == expected
    assert broken_bound(CHECK, returned[:-1]) is None


def test_attack_broken_bound__error_forged_by_another_call__not_believed() -> None:
    forged = selector("Late(uint256,uint256)") + word(8) + word(7)
    assert broken_bound(Call(ASKED, b"\x01\x02\x03\x04"), forged) is None


@given(st.binary(max_size=140))
def test_broken_bound__any_data__none_or_some_but_no_error(returned: bytes) -> None:
    assert broken_bound(CHECK, returned) is None
    for error in ("Late(uint256,uint256)", "BalanceTooLow(address,address,uint256,uint256)"):
        broken_bound(CHECK, selector(error) + returned)


@pytest.mark.parametrize("code, words", [(b"", "there is no code"), (b"\x60", "other code")])
def test_check_code__unknown__refused_in_words(code: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=f"{words} at {ASKED}, expected PlanCheck: correct"):
        check_code(ASKED, code)
