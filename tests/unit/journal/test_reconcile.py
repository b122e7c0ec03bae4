"""Conservation: flows, accruals, and the audit held against both."""

from collections.abc import Mapping, Sequence

import pytest

from tests.unit.journal.builders import (
    ACCOUNT,
    ADAPTERS,
    DEBT,
    NOW,
    OTHER,
    OURS,
    USDC,
    VAULT,
    index_log,
    shares_log,
    silent_log,
    states,
    transfer_log,
)
from trimtab.core.abi import Log
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import Place, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.journal.reconcile import Reconciliation, reconcile

WALLET = wallet(USDC)
LATER = Timestamp(NOW + 100)


def between(
    before: States | None, now: States, logs: Sequence[Log], audit: Mapping[Place, int]
) -> Reconciliation:
    return reconcile(ADAPTERS, before, now, logs, ACCOUNT, lambda hash_: hash_ == OURS, audit)


def test_reconcile__first_reading__audit_against_what_was_decoded() -> None:
    now = states(wallet=5, vault=70, debt=30)
    found = between(None, now, (), {WALLET: 5, VAULT.place: 71, DEBT.place: 30})
    assert found.expected == {WALLET: 5, VAULT.place: 70, DEBT.place: -30}
    assert (found.flows, found.accruals) == ((), {})
    assert found.differences == {VAULT.place: 1}


def test_reconcile__time_alone__is_accrual() -> None:
    before, now = states(0, 3_000, 1_000), states(0, 3_000, 1_000, at=LATER)
    found = between(before, now, (), {WALLET: 0, VAULT.place: 3_300, DEBT.place: 1_100})
    assert found.accruals == {VAULT.place: 300, DEBT.place: -100}
    assert found.expected == {VAULT.place: 3_300, DEBT.place: -1_100}
    assert found.error == 0


def test_reconcile__flows_of_both_kinds__told_apart() -> None:
    logs = (transfer_log(OTHER, ACCOUNT, 7), transfer_log(ACCOUNT, OTHER, 4, OURS))
    found = between(states(10, 0), states(13, 0, at=LATER), logs, {WALLET: 13})
    assert [(flow.raw, flow.is_ours) for flow in found.flows] == [(7, False), (-4, True)]
    assert found.expected == {WALLET: 13}
    assert found.error == 0


def test_reconcile__shares_bought_midway__interest_apart_from_flow() -> None:
    # 1,000 shares for 12 s, then 3,000 for 88 s; the flow is worth 2,000 * 1.012.
    audit = {WALLET: 0, VAULT.place: 3_300}
    found = between(states(0, 1_000), states(0, 3_000, at=LATER), (shares_log(2_000),), audit)
    assert [flow.raw for flow in found.flows] == [2_024]
    assert found.accruals == {VAULT.place: 12 + 3 * 88}
    assert found.error == 0


def test_reconcile__index_jumps_by_a_log__accrual() -> None:
    audit = {WALLET: 0, VAULT.place: 2_088}
    found = between(states(0, 1_000), states(0, 1_000, at=LATER), (index_log(2_000),), audit)
    assert found.flows == ()
    assert found.accruals == {VAULT.place: 1_088}
    assert found.error == 0


def test_reconcile__position_closed__expects_nothing_there() -> None:
    audit = {WALLET: 0, VAULT.place: 0}
    found = between(states(0, 1_000), states(0, 0, at=LATER), (shares_log(-1_000),), audit)
    assert found.expected == {}
    assert found.accruals == {VAULT.place: 12}
    assert found.error == 0


def test_reconcile__audit_differs_everywhere__error_is_the_absolute_sum() -> None:
    audit = {WALLET: 3, VAULT.place: 997, DEBT.place: 502}
    found = between(None, states(0, 1_000, 500), (), audit)
    assert found.differences == {WALLET: 3, VAULT.place: -3, DEBT.place: -2}
    assert found.error == 8


def test_reconcile__token_that_lies_about_a_transfer__error() -> None:
    logs = (transfer_log(OTHER, ACCOUNT, 100),)
    found = between(states(10, 0), states(105, 0, at=LATER), logs, {WALLET: 105})
    assert found.expected == {WALLET: 110}
    assert found.error == 5


def test_reconcile__shares_move_unmentioned__violation() -> None:
    with pytest.raises(InvariantViolation, match=r"INV-1 .* changed by -1, but its logs tell of 0"):
        between(states(0, 1_000), states(0, 999), (silent_log(-1),), {VAULT.place: 999})


def test_reconcile__place_not_audited__missing_not_zero() -> None:
    with pytest.raises(MissingRead, match="vault:USDC should have 1000 base units"):
        between(None, states(0, 1_000), (), {WALLET: 0})
