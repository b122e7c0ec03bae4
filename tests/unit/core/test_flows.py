from collections.abc import Callable
from dataclasses import replace

from tests.support.desk import Desk
from trimtab.core.abi import Call, Log, call_data
from trimtab.core.actions import Action, Approve, Repay, Supply
from trimtab.core.adapter import accrue, apply, encode
from trimtab.core.flows import Folded, fold_events, held_everywhere, share_changes, summed
from trimtab.core.market import Holding, Place, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Flow
from trimtab.core.states import Applied, Done, States
from trimtab.core.token import Address
from trimtab.lab.world import minted
from trimtab.mandate.adapters import ADAPTERS


def logs_of(desk: Desk, sender: Address, *calls: Call) -> list[Log]:
    """The logs of calls that one sender makes a block later."""
    desk.machine.set_time(desk.next_moment)
    logs: list[Log] = []
    for call in calls:
        succeeded, _, emitted = desk.machine.call(sender, call.to, call.data)
        assert succeeded
        logs += emitted
    return logs


def nobody(_: str) -> bool:
    return False


def folded(desk: Desk, logs: list[Log], is_ours: Callable[[str], bool] = nobody) -> Folded:
    return fold_events(ADAPTERS, desk.start, logs, desk.account, is_ours)


def gift(desk: Desk, raw: int) -> list[Log]:
    call = minted(desk.token("USDC").address, desk.account, raw)
    return logs_of(desk, desk.other, call)


def supply_for_us(desk: Desk, raw: int) -> list[Log]:
    token, lender = desk.token("WETH"), desk.lender.address
    return logs_of(
        desk,
        desk.other,
        minted(token.address, desk.other, raw),
        Call(token.address, call_data("approve(address,uint256)", lender, raw)),
        Call(
            lender,
            call_data(
                "supply(address,uint256,address,uint16)", token.address, raw, desk.account, 0
            ),
        ),
    )


def test_fold_events__gift__a_flow_in_the_wallet(desk: Desk) -> None:
    (flow,) = folded(desk, gift(desk, 7)).flows
    assert (flow.place, flow.shares, flow.raw) == (desk.place("USDC"), 7, 7)


def test_fold_events__supply_on_our_behalf__a_flow_at_the_lender(desk: Desk) -> None:
    flows = folded(desk, supply_for_us(desk, 10**18)).flows
    assert [(flow.place, flow.raw) for flow in flows] == [(desk.place("aave_v3:WETH"), 10**18)]


def test_fold_events__interest_between__is_no_flow(desk: Desk) -> None:
    desk.lend("WETH", 10**18)
    before, desk_logs = desk.states(), gift(desk, 7)
    flows = fold_events(ADAPTERS, before, desk_logs, desk.account, nobody).flows
    assert [flow.place for flow in flows] == [desk.place("USDC")]


def test_fold_events__states_after__are_the_chains_own(desk: Desk) -> None:
    logs = supply_for_us(desk, 10**18)
    token = desk.book.market("erc20:WETH")
    states = folded(desk, logs).states
    now = desk.states()
    assert states[desk.lender].account(desk.account) == now[desk.lender].account(desk.account)
    assert states[token].balances == now[token].balances


def test_fold_events__transaction_of_ours__marked(desk: Desk) -> None:
    logs = gift(desk, 7)
    (flow,) = folded(desk, logs, lambda transaction: transaction == logs[0].transaction).flows
    assert flow.is_ours


def test_fold_events__contract_of_no_market__passed_over(desk: Desk) -> None:
    stranger = Log(desk.other, (b"",), b"", 1, desk.machine.time, "0x", 0)
    assert folded(desk, [stranger]) == Folded(desk.start, ())


def test_held_everywhere__nothing__no_place(desk: Desk) -> None:
    assert held_everywhere(ADAPTERS, desk.start, desk.account) == {}


def test_share_changes__gone_new_and_same__in_order(desk: Desk) -> None:
    usdc, weth, lent = (desk.place(name) for name in ("USDC", "WETH", "aave_v3:WETH"))
    before: dict[Place, Holding] = {usdc: Holding(usdc, 5, 5), weth: Holding(weth, 1, 1)}
    after = {lent: Holding(lent, 3, 4), weth: Holding(weth, 1, 2)}
    assert share_changes(before, after) == tuple(sorted([(usdc, -5), (lent, 3)]))


# ------------------------------------------------------------------------------------- models


def done(desk: Desk, *actions: Action, transaction: str = "ours") -> tuple[list[Done], States]:
    """What the models say that some actions do at the next block's moment, and the states then."""
    states, found, at = desk.ahead(), [], desk.next_moment
    for action in actions:
        outcome = apply(ADAPTERS, states, action)
        assert isinstance(outcome, Applied)
        states = states.fold(outcome)
        found.append(Done(transaction, at, outcome))
    return found, states


def lending(desk: Desk, raw: int) -> tuple[Action, ...]:
    """The account lends its own tokens."""
    token, lender = desk.token("WETH"), desk.lender
    approve = Approve(desk.account, token_market(token), token, lender.address, raw)
    return approve, Supply(desk.account, lender.id, token, raw, desk.account)


def test_fold_events__effects_of_a_supply__the_flows_and_states_of_its_logs(desk: Desk) -> None:
    desk.give("WETH", 10**18)
    desk.lend("WETH", 10**18)
    before, actions = desk.states(), lending(desk, 10**17 + 3)
    effects, states = done(desk, *actions)
    modelled = fold_events(ADAPTERS, before, effects, desk.account, lambda _: True)
    calls = encode(ADAPTERS, before, actions)
    logs = [replace(log, transaction="ours") for log in logs_of(desk, desk.account, *calls)]
    logged = fold_events(ADAPTERS, before, logs, desk.account, lambda _: True)
    assert summed(modelled.flows) == summed(logged.flows)
    assert len(modelled.flows) == 2
    assert modelled.accruals == logged.accruals
    assert modelled.states.states == {
        **before.states,
        **{market: states.states[market] for market in (desk.lender.id, actions[0].market)},
    }


def test_fold_events__effects_of_another__no_flow_but_its_index_is_interest(desk: Desk) -> None:
    desk.lend("WETH", 10**21)
    desk.drain("WETH", 10**15)
    before = desk.states()
    at = Timestamp(before.timestamp + 10**7)
    later = accrue(ADAPTERS, before, at)
    token, owed = desk.token("WETH"), 10**18
    market = later[desk.book.market("erc20:WETH")]
    rich = replace(market, balances={**market.balances, desk.other: owed})
    states = later.with_states({token_market(token): rich})
    allowed = Approve(desk.other, token_market(token), token, desk.lender.address, owed)
    effects = []
    for action in (allowed, Repay(desk.other, desk.lender.id, token, owed, desk.other)):
        outcome = apply(ADAPTERS, states, action)
        assert isinstance(outcome, Applied)
        states = states.fold(outcome)
        effects.append(Done("theirs", at, outcome))
    found = fold_events(ADAPTERS, before, effects, desk.account, nobody)
    assert found.flows == ()
    assert found.accruals[desk.place("aave_v3:WETH")] > 0


def test_summed__pieces_and_what_cancels__one_a_place_in_order(desk: Desk) -> None:
    usdc, weth, lent = (desk.place(name) for name in ("USDC", "WETH", "aave_v3:WETH"))
    pieces = (
        Flow(weth, 5, 5, "b", True),
        Flow(usdc, 3, 3, "a", False),
        Flow(lent, -4, -5, "b", True),
        Flow(weth, 2, 2, "b", True),
        Flow(usdc, -3, -3, "a", False),
        Flow(lent, 4, 4, "b", True),
    )
    expected = sorted([Flow(weth, 7, 7, "b", True), Flow(lent, 0, -1, "b", True)], key=by_place)
    assert summed(pieces) == tuple(expected)
    assert summed(()) == ()


def by_place(flow: Flow) -> Place:
    return flow.place
