"""A vault is paid by its token's log beside its own: one flow, whichever comes first."""

from __future__ import annotations

from tests.unit.protocols.erc4626.vaults import (
    ALICE,
    BOB,
    HERE,
    NOW,
    USDC,
    shares,
    state,
    states,
    vault,
)
from trimtab.core.abi import Log, topic, word
from trimtab.core.flows import Folded, fold_events
from trimtab.core.market import wallet
from trimtab.core.states import Applied, Done, Movement
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.mandate.adapters import ADAPTERS

VAULT = vault()
BEFORE = states(VAULT, state(shares(alice=300, bob=600)), 1_800)
"""A share is worth 1801/901 of the asset, about 2."""


def transfer(of: Address, source: Address, target: Address, raw: int) -> Log:
    topics = (topic("Transfer(address,address,uint256)"), word(source), word(target))
    return Log(of, topics, word(raw), 1, NOW, "0x", 0)


def folded(*events: Log | Done) -> Folded:
    return fold_events(ADAPTERS, BEFORE, events, ALICE, lambda _: True)


def test_fold_events__paid_in_then_minted__one_flow_and_no_interest() -> None:
    paid = transfer(USDC.address, ALICE, HERE, 200)
    found = folded(paid, transfer(HERE, ZERO_ADDRESS, ALICE, 100))
    assert {flow.place: (flow.shares, flow.raw) for flow in found.flows} == {
        wallet(USDC): (-200, -200),
        VAULT.place: (100, 799 - 599),
    }
    assert found.accruals == {}


def test_fold_events__burnt_then_paid_out__one_flow_and_no_interest() -> None:
    burnt = transfer(HERE, ALICE, ZERO_ADDRESS, 100)
    found = folded(burnt, transfer(USDC.address, HERE, ALICE, 199))
    assert {flow.place: (flow.shares, flow.raw) for flow in found.flows} == {
        VAULT.place: (-100, 400 - 599),
        wallet(USDC): (199, 199),
    }
    assert found.accruals == {}


def test_fold_events__gift_to_the_vault__interest_by_logs_and_by_models() -> None:
    gift = Applied({}, (Movement(USDC, BOB, HERE, 901),))
    for event in (transfer(USDC.address, BOB, HERE, 901), Done("0x", NOW, gift)):
        found = folded(event)
        assert found.flows == ()
        assert found.accruals == {VAULT.place: 899 - 599}


def test_fold_events__others_come_and_go__nothing_but_their_rounding() -> None:
    paid = transfer(USDC.address, BOB, HERE, 201)
    found = folded(paid, transfer(HERE, ZERO_ADDRESS, BOB, 100))
    assert found.flows == ()
    assert found.accruals == {VAULT.place: 600 - 599}
