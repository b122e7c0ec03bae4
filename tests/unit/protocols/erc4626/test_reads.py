"""What is asked of a vault, and answers that are none of a vault that is modelled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocols.erc4626.vaults import ALICE, BOB, CHAIN, HERE, NOW, USDC, vault
from tests.unit.protocols.erc4626.vaults import shares as made
from tests.unit.protocols.erc4626.vaults import state as stated
from trimtab.core.abi import UINT256_MAX, Answer, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head
from trimtab.protocols.erc4626 import Erc4626Adapter, Totals, VaultState
from trimtab.protocols.erc4626.model import previews
from trimtab.protocols.erc4626.reads import tried

ADAPTER = Erc4626Adapter()
VAULT = vault(3)
FIRST: Question[VaultState] = Question(
    VAULT, Accounts((ALICE, BOB), (BOB,)), Head(CHAIN, 1, "0x", NOW)
)
STATE = stated(made(700, 50, 9))
LATER = replace(FIRST, known=STATE)
LYING = 12_345


def numbers(counted: int = LYING) -> list[int | str]:
    """What the contracts answer, one word each: totals, previews, limits, shares, identity."""
    of, raw, held = Totals(counted, 750, 3), tried(VAULT), STATE.shares
    found: list[int | str] = [counted, LYING]
    found += [previews.preview_deposit(of, raw), previews.preview_mint(of, raw)]
    found += [previews.preview_withdraw(of, raw), previews.preview_redeem(of, raw)]
    for owner in (ALICE, BOB):
        owned = held.balance(owner)
        found += [UINT256_MAX, UINT256_MAX, previews.preview_redeem(of, owned), owned]
    found += [750, 700, 50, 9, 0]
    return [*found, USDC.address, 9]


def answers(given: list[int | str]) -> list[Answer]:
    return [Answer(True, word(each)) for each in given]


@pytest.mark.parametrize("question", [FIRST, LATER], ids=["first", "later"])
def test_decode__whole_answers__the_state(question: Question[VaultState]) -> None:
    given = answers(numbers())[: None if question.known is None else -2]
    assert len(ADAPTER.reads(question)) == len(given)
    assert ADAPTER.decode(question, given) == STATE
    assert ADAPTER.reads(replace(question, round=1)) == ()


@pytest.mark.parametrize("at", range(len(numbers())))
def test_decode__any_answer_refused_or_short__said(at: int) -> None:
    for bad in (Answer(False, b""), Answer(True, b"\0" * 31)):
        given = answers(numbers())
        given[at] = bad
        with pytest.raises(DataError, match="erc4626:vUSDC"):
            ADAPTER.decode(FIRST, given)


@pytest.mark.parametrize("at", [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 19, 20])
def test_decode__any_number_one_less__refused(at: int) -> None:
    """Counted assets, previews, limits, asset and decimals are all told by the rest."""
    given = numbers()
    given[at] = int(given[at]) - 1 if isinstance(given[at], int) else HERE
    with pytest.raises(DataError, match="erc4626:vUSDC"):
        ADAPTER.decode(FIRST, answers(given))


def test_decode__answers_too_few__missing() -> None:
    with pytest.raises(MissingRead, match="20 answers to 21 reads of erc4626:vUSDC"):
        ADAPTER.decode(FIRST, answers(numbers())[:-1])


def test_decode__assets_elsewhere__kept_of_a_vault_that_is_not_plain() -> None:
    other = replace(FIRST, market=vault(3, is_plain=False))
    assert ADAPTER.decode(other, answers(numbers(LYING + 5))).elsewhere == 5
    with pytest.raises(DataError, match="counts 12350 base units of USDC and has 12345"):
        ADAPTER.decode(FIRST, answers(numbers(LYING + 5)))
