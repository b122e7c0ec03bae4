"""Plans for drawn books and wishes, run call by call on the real pools and reserves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support import drawn_books
from tests.support.desk import NO_GAIN, SYMBOLS, Desk, opened
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import All, Approve, Borrow, Supply, Swap, Transfer, Withdraw
from trimtab.core.adapter import encode
from trimtab.core.bounds import BalanceTooLow, Bounds, LeastBalance, LeastHealth
from trimtab.core.market import Place, token_market, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.lab.world import minted
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.aave_v3 import health_factor
from trimtab.protocols.uniswap_v3 import Pool, amount_to_price
from trimtab.routing import Draft, Terms, draft
from trimtab.routing.bounds import broken
from trimtab.routing.exchanges import offer
from trimtab.routing.trades import Trade

pytestmark = pytest.mark.chain

STRANGER = address_from_bytes(b"\x66" * 20)


@dataclass(frozen=True, slots=True)
class Case:
    """A drawn book with wishes, and the plan that is made of them."""

    desk: Desk
    terms: Terms
    before: States
    wishes: dict[Place, int]
    draft: Draft

    @property
    def held(self) -> dict[Place, int]:
        return self.desk.held(self.before)


@contextmanager
def drafted(data: st.DataObject, *, on_chain: bool = False) -> Iterator[Case]:
    """A case with a plan; the contracts know of the book only if it is to be run."""
    with opened() as desk:
        book = drawn_books.book(data.draw, desk)
        before = desk.imagined(book.lying, book.lent)
        terms = drawn_books.terms(data.draw, desk)
        wishes = drawn_books.wishes(data.draw, desk, desk.held(before))
        found = draft(terms, before, wishes, NO_GAIN)
        assume(found is not None)
        assert found is not None
        if on_chain:
            book.fill(desk)
            assert before.states == desk.ahead().states
        yield Case(desk, terms, before, wishes, found)


@settings(max_examples=60)
@given(st.data())
def test_plan__executed_as_modelled__gives_exactly_what_it_expects(data: st.DataObject) -> None:
    with drafted(data, on_chain=True) as case:
        after = case.desk.execute(case.draft.plan)
        assert case.draft.plan.expected == case.desk.changes(case.before, after)
        assert case.draft.after.states == after.states


@settings(max_examples=40)
@given(st.data())
def test_plan__fills_worse_within_their_bounds__goes_through_whole(data: st.DataObject) -> None:
    with drafted(data, on_chain=True) as case:
        for trade in case.draft.trades:
            push_price(data, case, trade)
        moved = case.desk.states()
        fills = [fill(moved, trade) for trade in case.draft.trades]
        bounds = [trade.action.min_out for trade in case.draft.trades]
        assume(all(got >= least for got, least in zip(fills, bounds, strict=True)))
        before = case.desk.ahead()
        after = case.desk.execute(case.draft.plan)
        expected = dict(case.draft.plan.expected)
        for trade, got in zip(case.draft.trades, fills, strict=True):
            home = wallet(trade.action.token_out)
            expected[home] = expected.get(home, 0) + got - trade.part.amount_out
        left = tuple(sorted((place, change) for place, change in expected.items() if change))
        assert left == case.desk.changes(before, after)


@settings(max_examples=25)
@given(st.data())
def test_plan__landing_at_any_moment_until_its_deadline__keeps_its_bounds(
    data: st.DataObject,
) -> None:
    with drafted(data, on_chain=True) as case:
        machine, bounds = case.desk.machine, case.draft.plan.bounds
        machine.set_time(data.draw(st.integers(machine.time + 1, bounds.deadline)))
        for symbol in data.draw(st.sets(st.sampled_from(SYMBOLS))):
            case.desk.give(symbol, 1)
        for call in case.draft.plan.calls:
            case.desk.do(case.desk.account, call)
        assert case.desk.broken(bounds) is None


@settings(max_examples=40)
@given(st.data())
def test_attack_plan__a_base_unit_less_than_the_worst_fill_leaves__reverts(
    data: st.DataObject,
) -> None:
    with drafted(data, on_chain=True) as case:
        bounds = case.draft.plan.bounds
        assume(bounds.balances)
        for trade in case.draft.trades:
            push_price(data, case, trade)
        moved = case.desk.states()
        fills = [fill(moved, trade) for trade in case.draft.trades]
        worst = [trade.action.min_out for trade in case.draft.trades]
        assume(all(got >= least for got, least in zip(fills, worst, strict=True)))
        after = case.desk.execute(case.draft.plan)
        bound = data.draw(st.sampled_from(bounds.balances))
        held = case.desk.held(after)[wallet(bound.token)]
        assert held >= bound.least
        stolen = held - bound.least + 1
        case.desk.act(
            Transfer(bound.account, token_market(bound.token), bound.token, STRANGER, stolen)
        )
        expected = BalanceTooLow(bound.token.address, bound.account, bound.least - 1, bound.least)
        assert case.desk.broken(bounds) == expected
        left = case.desk.states()
        assert broken(bounds, left, left.timestamp) == expected


@settings(max_examples=100)
@given(st.data())
def test_bounds__any__judged_by_the_model_as_by_the_contract(data: st.DataObject) -> None:
    with opened() as desk:
        drawn_books.book(data.draw, desk).fill(desk)
        if data.draw(st.booleans()):
            desk.lend("WETH", 10**19)
            raw = data.draw(st.integers(1, 15_000 * 10**6))
            desk.act(Borrow(desk.account, desk.lender.id, desk.token("USDC"), raw, desk.account))
        states, at = desk.states(), desk.machine.time
        bounds = drawn_bounds(data, desk, states)
        found = desk.broken(bounds)
        assert broken(bounds, states, Timestamp(at)) == found


def drawn_bounds(data: st.DataObject, desk: Desk, states: States) -> Bounds:
    """Bounds at, around and far from what there is."""
    off = st.sampled_from([-1, 0, 0, 1, -(10**6), 10**6])

    def near(measured: int) -> int:
        return min(max(measured + data.draw(off), 0), UINT256_MAX)

    owners = st.sampled_from([desk.account, desk.other])
    symbols = data.draw(st.lists(st.sampled_from(SYMBOLS), max_size=4))
    balances: list[LeastBalance] = []
    for symbol in symbols:
        owner, market = data.draw(owners), desk.book.market(f"erc20:{symbol}")
        least = near(states[market].balance(owner))
        balances.append(LeastBalance(desk.token(symbol), owner, least))
    healths: list[LeastHealth] = []
    for _ in range(data.draw(st.integers(0, 2))):
        owner = data.draw(owners)
        factor = health_factor(states, desk.lender, owner)
        least = near(UINT256_MAX if factor is None else factor)
        healths.append(LeastHealth(desk.lender.address, owner, least))
    deadline = Timestamp(near(desk.machine.time))
    return Bounds(deadline, tuple(balances), tuple(healths))


@settings(max_examples=25)
@given(st.data())
def test_plan__executed__leaves_no_allowance(data: st.DataObject) -> None:
    with drafted(data, on_chain=True) as case:
        after = case.desk.execute(case.draft.plan)
        spent = [action for action in case.draft.plan.actions if isinstance(action, Approve)]
        left = [allowance(after, approve.token, case.desk, approve.spender) for approve in spent]
        assert left == [0] * len(spent)


@settings(max_examples=20)
@given(st.data())
def test_plan__allowances_from_before__replaced_and_used_up(data: st.DataObject) -> None:
    with opened() as desk:
        for symbol in ("USDC", "WETH", "WBTC"):
            for spender in (desk.lender.address, desk.pools[0].router):
                allow(desk, desk.token(symbol), spender, data.draw(st.sampled_from([7, 2**128])))
        drawn_books.book(data.draw, desk).fill(desk)
        before = desk.ahead()
        wishes = drawn_books.wishes(data.draw, desk, desk.held(before))
        found = draft(desk.terms(), before, wishes, NO_GAIN)
        assume(found is not None and any(isinstance(a, Swap) for a in found.plan.actions))
        assert found is not None
        after = desk.execute(found.plan)
        sold = {action.token_in for action in found.plan.actions if isinstance(action, Swap)}
        assert {allowance(after, token, desk, desk.pools[0].router) for token in sold} == {0}


@settings(max_examples=80)
@given(st.data())
def test_plan__any__withdraws_then_swaps_then_supplies(data: st.DataObject) -> None:
    order = {Approve: 0, Withdraw: 1, Swap: 2, Supply: 3}
    with drafted(data) as case:
        kinds = [order[type(action)] for action in case.draft.plan.actions]
        assert kinds == sorted(kinds)


@settings(max_examples=80)
@given(st.data())
def test_plan__any__approves_exactly_what_it_spends(data: st.DataObject) -> None:
    with drafted(data) as case:
        spent: dict[tuple[Token, Address], int] = {}
        for action in case.draft.plan.actions:
            if isinstance(action, Swap | Supply):
                spender, *_ = case.before.market(action.market).spenders
                token, raw = (
                    (action.token_in, action.amount_in)
                    if isinstance(action, Swap)
                    else (action.token, action.amount)
                )
                spent[token, spender] = spent.get((token, spender), 0) + raw
        approves = [each for each in case.draft.plan.actions if isinstance(each, Approve)]
        assert spent == {(each.token, each.spender): each.amount for each in approves}


@settings(max_examples=80)
@given(st.data())
def test_plan__any__bounds_keep_slippage_and_tolerance(data: st.DataObject) -> None:
    with drafted(data) as case:
        for trade in case.draft.trades:
            sold = case.terms.value(trade.action.token_in, trade.action.amount_in)
            least = case.terms.value(trade.action.token_out, trade.action.min_out)
            assert least >= sold * (1 - case.terms.slippage)
            assert trade.action.min_out >= trade.part.amount_out * (1 - case.terms.fill_tolerance)
            assert trade.action.min_out <= trade.part.amount_out


@settings(max_examples=80)
@given(st.data())
def test_plan__any__sells_no_more_than_the_surplus_of_a_token(data: st.DataObject) -> None:
    with drafted(data) as case:
        places = tuple(case.wishes)
        have = drawn_books.totals(case.held, places)
        wish = drawn_books.totals(case.wishes, places)
        for token, net in net_sold(case).items():
            assert net <= max(have.get(token, 0) - wish.get(token, 0), 0)


@settings(max_examples=80)
@given(st.data())
def test_plan__any__buys_no_token_that_it_sells_but_the_one_all_meet_in(
    data: st.DataObject,
) -> None:
    with drafted(data) as case:
        sold = {trade.action.token_in for trade in case.draft.trades}
        bought = {trade.action.token_out for trade in case.draft.trades}
        has_all = case.desk.pool("WBTC/WETH/500") in case.terms.pools
        assert sold & bought <= (set() if has_all else {case.desk.token("USDC")})


@settings(max_examples=80)
@given(st.data())
def test_plan__with_a_budget__sells_no_more_than_it(data: st.DataObject) -> None:
    with drafted(data) as case:
        assume(case.terms.budget is not None)
        values = [
            case.terms.value(trade.action.token_in, trade.action.amount_in)
            for trade in case.draft.trades
        ]
        assert sum(values, Fraction(0)) <= (case.terms.budget or 0)


@settings(max_examples=80)
@given(st.data())
def test_plan__any__moves_nothing_that_is_worth_less_than_its_gas(data: st.DataObject) -> None:
    with drafted(data) as case:
        for action in case.draft.plan.actions:
            match action:
                case Swap():
                    token, raw = action.token_in, action.amount_in
                case Supply():
                    token, raw = action.token, action.amount
                case Withdraw(amount=int()) as withdraw:
                    token, raw = withdraw.token, int(str(withdraw.amount))
                case _:
                    continue
            assert case.terms.is_worth_its_gas(token, raw, type(action).__name__)


@settings(max_examples=80)
@given(st.data())
def test_plan__lender_emptied__withdraws_all(data: st.DataObject) -> None:
    with drafted(data) as case:
        for action in case.draft.plan.actions:
            if isinstance(action, Withdraw):
                place = Place(action.market, action.token)
                empties = place not in case.desk.held(case.draft.after)
                assert isinstance(action.amount, All) == empties


@settings(max_examples=40)
@given(st.data())
def test_plan__wishes_in_another_order__same_hash(data: st.DataObject) -> None:
    with drafted(data) as case:
        order = data.draw(st.permutations(list(case.wishes)))
        shuffled = {place: case.wishes[place] for place in order}
        again = draft(case.terms, case.before, shuffled, NO_GAIN)
        assert again is not None
        assert case.draft.plan.hash == again.plan.hash


def net_sold(case: Case) -> dict[Token, int]:
    """What the trades take of each token beyond what they surely bring."""
    net: dict[Token, int] = {}
    for trade in case.draft.trades:
        action = trade.action
        net[action.token_in] = net.get(action.token_in, 0) + action.amount_in
        net[action.token_out] = net.get(action.token_out, 0) - action.min_out
    return net


def push_price(data: st.DataObject, case: Case, trade: Trade) -> None:
    """Somebody sells what the trade will sell, so that it gets up to the tolerance less."""
    pool, token_in = trade.part.pool, trade.action.token_in
    assert isinstance(pool, Pool)
    state = case.desk.states()[pool]
    sign = -1 if pool.is_zero_for_one(token_in) else 1
    push = case.terms.fill_tolerance * data.draw(st.integers(0, 100)) / 200
    token, raw = amount_to_price(state, pool, int(state.sqrt_price_x96 * (1 + sign * push)))
    if token == token_in and raw:
        sell(case.desk, trade.action, raw)


def sell(desk: Desk, like: Swap, raw: int) -> None:
    """Sell as a trade does, as somebody else."""
    pool = desk.start.market(like.market)
    assert isinstance(pool, Pool)
    desk.do(desk.other, minted(like.token_in.address, desk.other, raw))
    market = token_market(like.token_in)
    approve = Approve(desk.other, market, like.token_in, pool.router, raw)
    swap = replace(like, actor=desk.other, recipient=desk.other, amount_in=raw, min_out=0)
    for call in encode(ADAPTERS, desk.start, (approve, swap)):
        desk.do(desk.other, call)


def fill(states: States, trade: Trade) -> int:
    action = trade.action
    found = offer(states, trade.part.pool, action.token_in, action.token_out, action.amount_in)
    return found.given


def allow(desk: Desk, token: Token, spender: Address, raw: int) -> None:
    approve = Approve(desk.account, token_market(token), token, spender, min(raw, UINT256_MAX))
    for call in encode(ADAPTERS, desk.start, (approve,)):
        desk.do(desk.account, call)


def allowance(states: States, token: Token, desk: Desk, spender: Address) -> int:
    market = desk.book.market(f"erc20:{token.symbol}")
    raw: int = states[market].allowance(desk.account, spender)
    return raw
