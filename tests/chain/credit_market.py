"""Agents before lenders, stakes and perpetuals as they are deployed, moved by the models alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

from tests.support.desk import Desk
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Action
from trimtab.core.adapter import accrue, walk
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted, States
from trimtab.core.token import Address
from trimtab.lab.agents import Agent, Scene, with_shares
from trimtab.lab.streams import stream
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate.adapters import ADAPTERS

HOUR = 3_600
GWEI = 10**9
PRICES = {token.symbol: token.price for token in CREDIT_WORLD.tokens}
RICH = {"USDC": 10**13, "WETH": 10**22}

M = TypeVar("M", bound=Market[Any])


def the(desk: Desk, kind: type[M]) -> M:
    """The first market of a kind."""
    return next(each for each in desk.book.markets.values() if isinstance(each, kind))


def funded(desk: Desk, *accounts: Address, stock: Mapping[str, int] = RICH) -> States:
    """The states as deployed, in which accounts have a stock and let every protocol take it."""
    states, spenders = desk.start, desk.accounts.spenders
    for symbol, raw in stock.items():
        market = desk.book.market(f"erc20:{symbol}")
        held = {**states[market].balances, **dict.fromkeys(accounts, raw)}
        allowed = {(owner, spender): UINT256_MAX for owner in accounts for spender in spenders}
        allowances = {**states[market].allowances, **allowed}
        changed = replace(states[market], balances=held, allowances=allowances)
        states = states.with_states({market.id: changed})
    return states


def scene(
    states: States, block: int = 1, seconds: int = HOUR, outside: Mapping[str, int] = PRICES
) -> Scene:
    """What agents see so many seconds after these states."""
    at = Timestamp(states.timestamp + seconds)
    head = replace(states.head, number=states.head.number + 1, timestamp=at)
    ahead = replace(accrue(ADAPTERS, states, at), heads={states.clock: head})
    prices = with_shares(ahead, outside, lambda _: Fraction(1))
    return Scene(ahead, prices, block, at, GWEI)


def after(states: States, actions: Sequence[Action]) -> States:
    """The states after actions that must go through."""
    outcome = walk(ADAPTERS, states, tuple(actions))
    assert not isinstance(outcome, Reverted), outcome.reason
    return outcome[0]


def ordered(agent: Agent, at: Scene, seed: int = 1) -> list[Action]:
    """What an agent does, which the same numbers make it do again."""
    orders = agent.act(at, stream(seed, agent.name, at.block))
    assert orders == agent.act(at, stream(seed, agent.name, at.block))
    assert all(order.tip > 0 for order in orders)
    found = [order.action for order in orders]
    return [action for action in found if isinstance(action, Action)]


@dataclass(frozen=True, slots=True)
class Lived:
    """What was done, and the states at the end."""

    actions: list[Action]
    states: States

    @property
    def kinds(self) -> set[str]:
        """The kinds of actions that were done."""
        return {type(action).__name__ for action in self.actions}


def lived(states: States, blocks: int, *agents: Agent) -> Lived:
    """Agents in fixed order, hour by hour; every order has to go through."""
    done: list[Action] = []
    for block in range(1, blocks + 1):
        at = scene(states, block)
        states = at.states
        for agent in agents:
            actions = ordered(agent, replace(at, states=states))
            states = after(states, actions)
            done += actions
    return Lived(done, states)
