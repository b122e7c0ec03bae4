"""Conservation where a range that the account opens holds something already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.laws.law import read_states
from tests.support.desk import Desk
from trimtab.core.abi import Log
from trimtab.core.actions import Action, AddLiquidity, Swap
from trimtab.core.adapter import encode
from trimtab.core.flows import fold_events, held_everywhere
from trimtab.core.market import Place, pooled, uncollected
from trimtab.core.states import States
from trimtab.journal.reconcile import Reconciliation, reconcile
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing import tokens_of
from trimtab.routing.approvals import with_approvals

REACH = 1_000


def logs_of(desk: Desk, actions: Sequence[Action], transaction: str) -> tuple[Log, ...]:
    """What the contracts log of the actions, as one transaction."""
    logs: list[Log] = []
    for call in encode(ADAPTERS, desk.start, tuple(actions)):
        succeeded, _, emitted = desk.machine.call(desk.account, call.to, call.data)
        assert succeeded
        logs += emitted
    return tuple(replace(each, transaction=transaction) for each in logs)


def add(desk: Desk, pool: Pool, ticks: tuple[int, int]) -> tuple[Action, ...]:
    tokens = tokens_of(pool)
    amounts = tuple(token.unit * (10_000 if token.symbol == "USDC" else 5) for token in tokens)
    deadline = desk.terms().deadline
    action = AddLiquidity(desk.account, pool.id, tokens, amounts, 0, deadline, ticks=ticks)
    return with_approvals(desk.account, desk.states(), (action,))


def sale(desk: Desk, pool: Pool) -> tuple[Action, ...]:
    deadline, (sold, bought) = desk.terms().deadline, tokens_of(pool)
    action = Swap(
        desk.account, pool.id, sold, bought, 50_000 * sold.unit, 0, deadline, desk.account
    )
    return with_approvals(desk.account, desk.states(), (action,))


def audit(states: States, desk: Desk) -> dict[Place, int]:
    held = held_everywhere(ADAPTERS, states, desk.account)
    return {place: holding.audited for place, holding in held.items()}


def reconciled(desk: Desk, pool: Pool, ticks: tuple[int, int]) -> tuple[Reconciliation, States]:
    """The account opens a range that the states before it do not know of."""
    before = desk.states()
    assert not before[pool].positions
    logs = logs_of(desk, add(desk, pool, ticks), "0xours")
    folded = fold_events(ADAPTERS, before, logs, desk.account, lambda _: True).states
    markets = tuple(desk.book.markets.values())
    now = read_states(desk.machine, ADAPTERS, markets, desk.accounts, folded)
    found = reconcile(
        ADAPTERS, before, now, logs, desk.account, lambda each: each == "0xours", audit(now, desk)
    )
    return found, now


def test_reconcile__opened_range_held_liquidity_already__external_flow(desk: Desk) -> None:
    pool = desk.pool("WETH/USDC/500")
    for symbol, whole in (("USDC", 200_000), ("WETH", 100)):
        desk.give(symbol, whole * desk.token(symbol).unit)
    middle = desk.states()[pool].tick // pool.tick_spacing * pool.tick_spacing
    ticks = (middle - REACH, middle + REACH)
    logs_of(desk, (*add(desk, pool, ticks), *sale(desk, pool)), "0xearlier")
    start = replace(desk, accounts=replace(desk.accounts, ranges={pool.id: (ticks,)}))
    markets = tuple(desk.book.markets.values())
    earlier = read_states(desk.machine, ADAPTERS, markets, start.accounts)
    ((_, position),) = earlier[pool].positions.items()

    found, now = reconciled(desk, pool, ticks)

    assert found.error == 0
    held = held_everywhere(ADAPTERS, now, desk.account)
    strange = {flow.place: flow for flow in found.flows if flow.place.ticks and not flow.is_ours}
    ours = {flow.place: flow for flow in found.flows if flow.place.ticks and flow.is_ours}
    for token in tokens_of(pool):
        place = pooled(pool.id, token, ticks)
        assert strange[place].shares == position.liquidity
        assert ours[place].shares + position.liquidity == held[place].shares
        assert ours[place].raw + strange[place].raw == held[place].raw
    earned = uncollected(pool.id, tokens_of(pool)[0], ticks)
    assert strange[earned].raw == held[earned].raw > 0


def test_reconcile__opened_range_holds_less_than_its_log_tells__an_error(desk: Desk) -> None:
    pool = desk.pool("WETH/USDC/500")
    for symbol, whole in (("USDC", 200_000), ("WETH", 100)):
        desk.give(symbol, whole * desk.token(symbol).unit)
    middle = desk.states()[pool].tick // pool.tick_spacing * pool.tick_spacing
    before, ticks = desk.states(), (middle - REACH, middle + REACH)
    logs = logs_of(desk, add(desk, pool, ticks), "0xours")
    now = fold_events(ADAPTERS, before, logs, desk.account, lambda _: True).states
    ((key, position),) = now[pool].positions.items()
    less = replace(position, liquidity=position.liquidity - 1)
    short = now.with_states({pool.id: replace(now[pool], positions={key: less})})
    found = reconcile(
        ADAPTERS, before, short, logs, desk.account, lambda _: True, audit(short, desk)
    )
    assert found.error == 2, "a unit of liquidity in each token's place"
    assert all(flow.is_ours for flow in found.flows)


def test_reconcile__opened_range_was_empty__nothing_found(desk: Desk) -> None:
    pool = desk.pool("WETH/USDC/500")
    for symbol, whole in (("USDC", 200_000), ("WETH", 100)):
        desk.give(symbol, whole * desk.token(symbol).unit)
    middle = desk.states()[pool].tick // pool.tick_spacing * pool.tick_spacing

    found, _ = reconciled(desk, pool, (middle - REACH, middle + REACH))

    assert found.error == 0
    assert all(flow.is_ours for flow in found.flows)
