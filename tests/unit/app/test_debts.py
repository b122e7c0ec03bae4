"""What a run tells of its repairs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import pytest

from tests.support.desk import opened
from tests.unit.routing.test_loops import DOLLAR, ETHER, GROWTH, places, terms
from trimtab.app.debts import _penalty
from trimtab.core.actions import LeaveLoop, Repay
from trimtab.core.quantise import Wad
from trimtab.engine.bot import Bot
from trimtab.engine.tick import Outcome
from trimtab.lab.world import DEFAULT_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.risk import liquidation_bonus
from trimtab.routing import Purpose, draft
from trimtab.routing.unwinding import unwound

pytestmark = pytest.mark.chain

REPAIR = Purpose(Fraction(0), Fraction(0), lowers_risk=True, why="repair")


def test_penalty__debt_repaid_by_a_loop__the_bonus_on_what_it_repays() -> None:
    with opened(replace(DEFAULT_WORLD, flash_loop=True)) as desk:
        lent, owed, home = places(desk)
        desk.give("WETH", 10 * ETHER)
        wishes = {lent: 25 * ETHER, owed: -30_000 * DOLLAR, home: 0, desk.place("WETH"): 0}
        entered = draft(terms(desk, health=Wad(ETHER)), desk.ahead(), wishes, GROWTH)
        assert entered is not None
        desk.execute(entered.plan)
        states, goal = desk.ahead(), Fraction(3, 2)
        found = unwound(terms(desk), states, desk.lender, goal, REPAIR)
        assert found is not None
        (loop,) = (each for each in found.plan.actions if isinstance(each, LeaveLoop))
        bot = cast(Bot, SimpleNamespace(adapters=ADAPTERS, account=desk.account))
        outcome = cast(Outcome, SimpleNamespace(states=states, prices=desk.prices(states)))
        bonus = liquidation_bonus(states, desk.lender, desk.account, desk.token("WETH"))
        assert _penalty(bot, outcome, found.plan) == loop.loan * bonus > 0
        repay = Repay(desk.account, desk.lender.id, owed.token, loop.loan, desk.account)
        by_hand = replace(found.plan, actions=(repay,))
        assert _penalty(bot, outcome, by_hand) == loop.loan * bonus
        more = replace(loop, loan=10**9 * DOLLAR)
        whole = -desk.held(states)[owed] * bonus
        assert _penalty(bot, outcome, replace(found.plan, actions=(more,))) == whole
