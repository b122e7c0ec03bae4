"""The law of staking where drawn cases hardly come: each bound, and one unit beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from tests.laws.law import check_case, read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.actions import (
    Action,
    Approve,
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
    Transfer,
)
from trimtab.core.adapter import accrue, apply, holdings
from trimtab.core.errors import MissingRead, PriceDisagreement
from trimtab.core.market import Accounts, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.lab.world import DEFAULT_WORLD, local_world
from trimtab.lab.world.spec_vaults import StakeSpec
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.staking import (
    StakingAdapter,
    StakingPool,
    buffer,
    exchange_rate,
    peg,
    worth,
)

pytestmark = pytest.mark.chain

HOUR = 3_600
UNIT = 10**18
SMALL = replace(
    DEFAULT_WORLD,
    reserves=(),
    pools=(),
    stakes=(StakeSpec("stWETH", "WETH", staked=2, price=1_990 * 10**8, heartbeat=86_400),),
)


@dataclass(slots=True)
class Stage:
    """A pool, two stakers, and the states that both sides agree on so far."""

    machine: evm.Evm
    pool: StakingPool
    accounts: Accounts
    states: States

    @property
    def owners(self) -> tuple[Address, ...]:
        return self.accounts.owners

    def does(self, action: Action) -> None:
        """Check an action that goes through."""
        self.states, outcome = check_case(
            self.machine, ADAPTERS, self.states, self.accounts, action
        )
        assert isinstance(outcome, Applied), outcome

    def refuses(self, action: Action, signature: str, *arguments: int | str) -> None:
        """Check an action that reverts with a custom error."""
        self.states, outcome = check_case(
            self.machine, ADAPTERS, self.states, self.accounts, action
        )
        assert outcome == Reverted(selector(signature) + b"".join(map(word, arguments)))

    def wait(self, seconds: int) -> None:
        """Go on in time."""
        moment = Timestamp(self.machine.time + seconds)
        self.machine.set_time(moment)
        heads = {self.states.clock: replace(self.states.head, timestamp=moment)}
        self.states = replace(accrue(ADAPTERS, self.states, moment), heads=heads)

    def report(self, change: int) -> ReportRewards:
        return ReportRewards(self.pool.oracle, self.pool.id, change)

    def finalise(self, up_to: int) -> FinaliseWithdrawals:
        return FinaliseWithdrawals(self.pool.operator, self.pool.id, up_to)

    def stake(self, owner: Address, raw: int) -> None:
        """Let the pool take everything, and stake."""
        token = self.pool.asset
        self.does(Approve(owner, token_market(token), token, self.pool.address, UINT256_MAX))
        self.does(Stake(owner, self.pool.id, token, raw))

    def request(self, owner: Address, shares: int) -> RequestWithdrawal:
        return RequestWithdrawal(owner, self.pool.id, self.pool.asset, shares)

    def claim(self, owner: Address, number: int) -> ClaimWithdrawal:
        return ClaimWithdrawal(owner, self.pool.id, self.pool.asset, number)


@pytest.fixture(scope="module")
def first() -> Iterator[Stage]:
    with local_world(SMALL) as world:
        owners = world.deployment.agents[:2]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world of stakes")
        markets = tuple(book.markets.values())
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        (pool,) = (each for each in markets if isinstance(each, StakingPool))
        yield Stage(machine, pool, accounts, read_states(machine, ADAPTERS, markets, accounts))


@pytest.fixture
def stage(first: Stage) -> Iterator[Stage]:
    before, moment = first.machine.snapshot(), first.machine.time
    yield Stage(first.machine, first.pool, first.accounts, first.states)
    first.machine.revert(before)
    first.machine.set_time(moment)


def test_world__first_stake__has_a_rate_a_queue_and_a_discount(stage: Stage) -> None:
    state = stage.states[stage.pool]
    assert exchange_rate(state) == Fraction(state.pooled, state.shares.supply)
    assert Fraction(1_001, 1_000) - exchange_rate(state) < Fraction(1, 10**15)
    assert (state.queue.last, state.queue.finalised) == (1, 0)
    assert state.queue.waiting == UNIT * 1_001 // 10_000
    assert peg(stage.states, stage.pool) == Fraction(1_990, 2_000) / exchange_rate(state)


def test_peg__feed_that_answers_nothing__refused(stage: Stage) -> None:
    feed = stage.states.states[stage.pool.feed]
    assert isinstance(feed, FeedState)
    broken = stage.states.with_states({stage.pool.feed: replace(feed, answer=0)})
    with pytest.raises(PriceDisagreement, match="answers 0: a price is positive"):
        peg(broken, stage.pool)


def test_report__a_second_before_the_hour_and_at_it__refused_and_done(stage: Stage) -> None:
    stage.wait(HOUR)
    stage.does(stage.report(1))
    stage.wait(HOUR - 1)
    now = stage.machine.time
    stage.refuses(stage.report(1), "TooSoon(uint256,uint256)", now, now + 1)
    stage.wait(1)
    stage.does(stage.report(-1))


@pytest.mark.parametrize("sign, parts", [(1, 1_000), (-1, 20)])
def test_report__at_its_bound_and_a_unit_beyond__done_and_refused(
    sign: int, parts: int, stage: Stage
) -> None:
    stage.wait(HOUR)
    most = stage.states[stage.pool].pooled // parts
    beyond = sign * (most + 1)
    stage.refuses(stage.report(beyond), "TooMuch(int256,uint256)", beyond, most)
    stage.does(stage.report(sign * most))


def test_report__loss_while_others_wait__falls_on_those_who_stay(stage: Stage) -> None:
    one, other = stage.owners
    stage.stake(one, UNIT)
    stage.stake(other, UNIT)
    stage.does(stage.request(one, stage.states[stage.pool].shares.balance(one)))
    due = stage.states[stage.pool].queue.of(one)
    stage.wait(HOUR)
    stage.does(stage.report(-(stage.states[stage.pool].pooled // 20)))
    assert stage.states[stage.pool].queue.of(one) == due
    (held,) = (
        each for each in holdings(ADAPTERS, stage.states, other) if each.place == stage.pool.place
    )
    assert worth(stage.states[stage.pool], held.raw) < UNIT * 96 // 100


def test_finalise__more_than_lies_there__refused_until_it_comes(stage: Stage) -> None:
    """Rewards are reported and not sent: whoever leaves last waits for them."""
    owner, pool = stage.owners[0], stage.pool
    stage.stake(owner, 1_900 * UNIT)
    for _ in range(3):
        stage.wait(HOUR)
        stage.does(stage.report(stage.states[pool].pooled // 1_000))
    stage.does(stage.request(owner, stage.states[pool].shares.balance(owner)))
    due, liquid = stage.states[pool].queue.waiting, buffer(stage.states, pool)
    assert due > liquid
    stage.refuses(stage.finalise(2), "Illiquid(uint256,uint256)", due, liquid)
    missing, token = due - liquid, pool.asset
    gift = Transfer(owner, token_market(token), token, pool.address, missing - 1)
    stage.does(gift)
    stage.refuses(stage.finalise(2), "Illiquid(uint256,uint256)", due, due - 1)
    stage.does(replace(gift, amount=1))
    stage.does(stage.finalise(2))
    assert buffer(stage.states, pool) == 0
    stage.does(stage.claim(owner, 2))


def test_finalise__up_to_a_request_that_is_not_tracked__known_from_the_next(stage: Stage) -> None:
    one, other = stage.owners
    stage.stake(one, UNIT)
    stage.does(stage.request(one, UNIT // 2))
    stage.does(stage.finalise(1))
    stage.refuses(stage.claim(one, 2), "NotSetAside(uint256)", 2)
    stage.refuses(stage.claim(other, 2), "NotYours(uint256,address)", 2, other)
    stage.refuses(stage.claim(one, 1), "NotYours(uint256,address)", 1, one)
    stage.does(stage.finalise(2))
    stage.does(stage.claim(one, 2))
    stage.refuses(stage.claim(one, 2), "NotYours(uint256,address)", 2, one)


def test_finalise__up_to_a_request_of_which_nothing_is_known__said_in_words(stage: Stage) -> None:
    one, other = stage.owners
    stage.stake(one, UNIT)
    stage.stake(other, UNIT)
    stage.does(stage.request(one, 10))
    stage.does(stage.request(other, 10))
    stage.does(stage.request(one, 10))
    state = stage.states[stage.pool]
    last = {state.queue.last: state.queue.requests[state.queue.last]}
    queue = replace(state.queue, requests=last)
    known = stage.states.with_states({stage.pool.id: replace(state, queue=queue)})
    with pytest.raises(MissingRead, match="request 2 of staking:stWETH is of an account"):
        apply(ADAPTERS, known, stage.finalise(2))


def test_model__the_last_leaves__nothing_is_left_behind(stage: Stage) -> None:
    """The world's own stake leaves too, by an account that is not tracked, as the logs tell."""
    one, pool = stage.owners[0], stage.pool
    stage.stake(one, UNIT)
    others = stage.states[pool].shares.supply - stage.states[pool].shares.balance(one)
    data = selector("request(uint256)") + word(others)
    done, _, logs = stage.machine.call(pool.operator, pool.address, data)
    assert done
    state = stage.states[pool]
    for log in logs:
        state = StakingAdapter().observe(state, log)
    stage.states = stage.states.with_states({pool.id: state})
    stage.does(stage.request(one, stage.states[pool].shares.balance(one)))
    assert (stage.states[pool].pooled, stage.states[pool].shares.supply) == (0, 0)
    stage.refuses(stage.request(one, 0), "Nothing()")
    stage.does(Stake(one, pool.id, pool.asset, 7))
    assert exchange_rate(stage.states[pool]) == 1
