"""What a perpetual's law leaves out: the contracts' own views, and makers, told by logs alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import perpetual
from tests.laws.law import Draw, Machine, check_case, read_states, waits
from tests.laws.stages import Stage, opened
from trimtab.chain.identities import proven
from trimtab.core.abi import Answer, Log, call_data, selector, signed, word, words
from trimtab.core.actions import ClosePosition, OpenPosition, UpdateAnswer
from trimtab.core.adapter import accrue, adapter_of
from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import Accounts, Market, State
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.perpetual import (
    Index,
    Perpetual,
    account_value,
    free_collateral,
    mark_price,
    pending_funding,
    quote_close,
    quote_open,
)
from trimtab.protocols.perpetual.identity import anatomy

pytestmark = pytest.mark.chain

STEPS = 30
WAD = 10**18
DAYS = 20 * 24 * 3600


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with opened(CREDIT_WORLD) as stage:
        yield stage


def market_of(states: States) -> Perpetual:
    return next(each for each in states.markets.values() if isinstance(each, Perpetual))


def index_of(states: States) -> Index:
    return next(each for each in states.markets.values() if isinstance(each, Index))


def lived(
    stage: Stage, examples: int, live: Callable[[Draw, Machine, States, Accounts], None]
) -> None:
    """Live drawn sequences, each of them undone."""
    machine, moment = stage.machine, stage.machine.time
    beginning, accounts = stage.concerned(perpetual.PORT)

    @settings(max_examples=examples)
    @given(st.data())
    def sequence(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            live(data.draw, machine, beginning, accounts)
        finally:
            machine.revert(before)
            machine.set_time(moment)

    sequence()


def moved_on(draw: Draw, machine: Machine, states: States, longest: int = DAYS) -> States:
    moment = Timestamp(machine.time + draw(waits(longest)))
    machine.set_time(moment)
    heads = {states.clock: replace(states.head, timestamp=moment)}
    return replace(accrue(ADAPTERS, states, moment), heads=heads)


# ------------------------------------------------------------------------------------- identity


def test_anatomy__deployed_contracts__name_each_other_and_run_proven_code(stage: Stage) -> None:
    rpc = stage.world.rpc
    for market in (market_of(stage.states), index_of(stage.states)):
        found = anatomy(market)
        for relation in found.relations:
            answer = stage.machine.static(relation.of, relation.data)
            assert answer == Answer(True, word(relation.expected)), relation.what
        for part in found.parts:
            code = bytes.fromhex(str(rpc("eth_getCode", part.address, "latest"))[2:])
            named = [each.role for each in proven().identities if each.is_of(code, part.address)]
            assert named == [part.role]


# ---------------------------------------------------------------------------------------- views


def asked(machine: Machine, to: Address, signature: str, *arguments: str | int) -> int | None:
    answer = machine.static(to, call_data(signature, *arguments))
    return signed(words(answer, 1, signature)[0]) if answer.ok else None


def told(what: Callable[[], int]) -> int | None:
    try:
        return what()
    except MissingRead:
        return None


def check_views(machine: Machine, states: States, owner: Address) -> None:
    """What is said of an account and of the price is what the contracts say, or neither can."""
    market = market_of(states)
    vault, token = market.vault, market.settlement.address
    value = told(lambda: account_value(states, market, owner))
    assert value == asked(machine, vault, "getAccountValue(address)", owner)
    free = told(lambda: free_collateral(states, market, owner))
    assert free == asked(machine, vault, "getFreeCollateralByToken(address,address)", owner, token)
    funding = told(lambda: pending_funding(states, market, owner))
    view = "getAllPendingFundingPayment(address)"
    assert funding == asked(machine, market.exchange, view, owner)
    mark = told(lambda: int(mark_price(states, market) * WAD))
    assert mark == asked(machine, market.account_balance, "getMarkPrice(address)", market.base)
    if value is not None:
        adapter = adapter_of(ADAPTERS, market)
        held = adapter.holdings(states, market, owner)
        assert sum(each.raw for each in held) == value


def test_queries__any_sequence__are_the_contracts_own_views(stage: Stage) -> None:
    def live(draw: Draw, machine: Machine, states: States, accounts: Accounts) -> None:
        for _ in range(STEPS):
            states = moved_on(draw, machine, states)
            for owner in accounts.owners:
                check_views(machine, states, owner)
            action = perpetual.PORT.actions(draw, states, accounts.owners)
            states, _ = check_case(machine, ADAPTERS, states, accounts, action)

    lived(stage, 4, live)


def test_quote__any_trade_that_is_made__is_its_fill(stage: Stage) -> None:
    trades = 0

    def live(draw: Draw, machine: Machine, states: States, accounts: Accounts) -> None:
        nonlocal trades
        market = market_of(states)
        for _ in range(STEPS):
            states = moved_on(draw, machine, states)
            action = perpetual.PORT.actions(draw, states, accounts.owners)
            before = states[market]
            found = None
            try:
                match action:
                    case OpenPosition():
                        found = quote_open(
                            states,
                            market,
                            action.actor,
                            is_short=action.is_short,
                            is_exact_in=action.is_exact_in,
                            amount=action.amount,
                            limit=action.limit,
                        )
                    case ClosePosition():
                        found = quote_close(states, market, action.actor, limit=action.limit)
                    case _:
                        pass
            except (NoRoute, MissingRead):
                found = None
            states, outcome = check_case(machine, ADAPTERS, states, accounts, action)
            if found is None or not isinstance(outcome, Applied):
                continue
            after = states[market]
            assert after.sqrt_price_x96 == found.sqrt_price_after
            held, had = after.account(action.actor), before.account(action.actor)
            if held.is_registered:
                trades += 1
                assert held.size - had.size == found.size

    lived(stage, 4, live)
    assert trades


# --------------------------------------------------------------------------------------- makers


def followed(states: States, logs: Sequence[Log]) -> States:
    """The states that logs alone lead to."""
    told: dict[Market[State], State] = {}
    for market in states.markets.values():
        adapter = adapter_of(ADAPTERS, market)
        own = [log for log in logs if log.address in adapter.emitters(market)]
        told[market] = reduce(adapter.observe, own, states.state(market.id))
    return states.with_states({market.id: state for market, state in told.items()})


def maker_call(draw: Draw, states: States) -> tuple[Address, bytes]:
    """A change of the provider's liquidity near the price, or a new price taken over."""
    market, index = market_of(states), index_of(states)
    tick = states[market].tick // 60 * 60
    ticks = tick + 60 * draw(st.integers(-30, -1)), tick + 60 * draw(st.integers(1, 30))
    match draw(st.sampled_from(("add", "add", "remove", "collect", "update", "cache"))):
        case "add":
            raw = draw(st.integers(10**18, 10**23))
            order = (raw, raw, *ticks, 0, 0, False, 2**40)
            what = (
                "addLiquidity((address,uint256,uint256,int24,int24,uint256,uint256,bool,uint256))"
            )
            return market.address, call_data(what, market.base, *order)
        case "remove" | "collect" as kind:
            raw = draw(st.integers(1, 10**21)) if kind == "remove" else 0
            what = "removeLiquidity((address,int24,int24,uint128,uint256,uint256,uint256))"
            wide = draw(st.sampled_from((ticks, *WIDE)))
            return market.address, call_data(what, market.base, *wide, raw, 0, 0, 2**40)
        case "update":
            return index.address, call_data("update()")
        case _:
            return market.base, call_data("cacheTwap(uint256)", 900)


UPDATE = selector("update()")
CACHE = selector("cacheTwap(uint256)")
"""What changes the mean of the moment without a word: the next read finds it."""

WIDE = ((69_960, 82_020), (74_760, 77_220), (75_660, 76_320))
"""Where the provider's first liquidity lies."""


def test_makers__between_trades__are_followed_by_logs_alone(stage: Stage) -> None:
    provider = stage.world.deployment.liquidity_provider
    done: Counter[bytes] = Counter()

    def live(draw: Draw, machine: Machine, states: States, accounts: Accounts) -> None:
        markets = tuple(states.markets.values())
        for _ in range(STEPS):
            states = moved_on(draw, machine, states)
            if draw(st.booleans()):
                action = perpetual.PORT.actions(draw, states, accounts.owners)
                states, _ = check_case(machine, ADAPTERS, states, accounts, action)
                continue
            to, data = maker_call(draw, states)
            if data[:4] == UPDATE:
                feed = market_of(states).feed
                price = UpdateAnswer(provider, feed, draw(st.integers(18 * 10**10, 22 * 10**10)))
                states, _ = check_case(machine, ADAPTERS, states, accounts, price)
            succeeded, _, logs = machine.call(provider, to, data)
            done[data[:4]] += succeeded
            told = followed(states, logs)
            states = read_states(machine, ADAPTERS, markets, accounts, known=told)
            if data[:4] != CACHE:
                assert states.states == told.states

    lived(stage, 4, live)
    assert all(done.values()), done
    assert len(done) == 4


# ----------------------------------------------------------------------------------- governance


def test_law__other_fees_limits_and_intervals__holds_as_well(stage: Stage) -> None:
    deployer, (first, second, _) = stage.world.deployment.deployer, stage.accounts.owners

    def live(draw: Draw, machine: Machine, states: States, accounts: Accounts) -> None:
        market = market_of(states)
        config, registry, base = market.config, market.registry, market.base
        share = draw(st.sampled_from((0, 333_333, 10**6)))
        orders = (
            (registry, call_data("setFeeManager(address,bool)", deployer, True)),
            (registry, call_data("setFeeDiscountRatio(address,uint24)", first, 600_000)),
            (registry, call_data("setFeeDiscountRatio(address,uint24)", second, 10**6)),
            (registry, call_data("setFeeRatio(address,uint24)", base, 12_345)),
            (registry, call_data("setInsuranceFundFeeRatio(address,uint24)", base, share)),
            (registry, call_data("setMarketMaxPriceSpreadRatio(address,uint24)", base, 300_000)),
            (config, call_data("setMaxFundingRate(uint24)", 12_000)),
            (config, call_data("setTwapInterval(uint32)", draw(st.sampled_from((5, 60, 3600))))),
            (config, call_data("setMarkPriceMarketTwapInterval(uint32)", 600)),
            (config, call_data("setLiquidationPenaltyRatio(uint24)", 54_321)),
            (config, call_data("setSettlementTokenBalanceCap(uint256)", 20 * 10**12)),
            (
                market.exchange,
                call_data("setMaxTickCrossedWithinBlock(address,uint24)", base, 250),
            ),
        )
        for to, data in orders:
            assert machine.call(deployer, to, data)[0]
        states = read_states(machine, ADAPTERS, tuple(states.markets.values()), accounts)
        assert {account.fee for account in states[market].accounts.values()} == {0, 4_938, 12_345}
        for _ in range(STEPS):
            states = moved_on(draw, machine, states)
            action = perpetual.PORT.actions(draw, states, accounts.owners)
            states, _ = check_case(machine, ADAPTERS, states, accounts, action)

    lived(stage, 6, live)
