"""A price feed that lies within what a check can tell, to a strategy that believes it all.

The liar also trades: ahead of each of our swaps it moves the pool as far as the swap's own bound
leaves, and back afterwards. The loss is what was given less what came, both at the liar's prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.chain.attack_stage import Attack, attacked, undone
from tests.survival.living import MANDATE
from tests.survival.manager import Manager
from trimtab.app.alerts import Alert, Alerts
from trimtab.app.running import Hearing
from trimtab.core.actions import Swap
from trimtab.core.prices import Prices
from trimtab.core.settlement import Intent
from trimtab.engine.breakers import TURNOVER
from trimtab.engine.run import Step
from trimtab.journal.store import Journal
from trimtab.lab.world import feed_contract

pytestmark = pytest.mark.chain

BLOCKS = 50
TURNOVER_PER_DAY = Fraction(10, 100)
SLIPPAGE = Fraction(2, 100)
TOLERANCE = Fraction(1, 100)
TRUE = 2_000 * 10**8
LIE = Fraction(9, 1000)
"""How far the feed is from the pool, up and down in turn. Farther, nothing is traded: that would
cost more than the slippage limit against the liar's own price."""
TEXT = (
    MANDATE.read_text()
    .replace('"tests.survival.swing:Swing"', '"tests.support.believer:Believer"')
    .replace('lender = "aave_v3:USDC"\nperiod = 24\n', "")
    .replace("turnover_per_day = 100", 'turnover_per_day = "10 %"')
    .replace('slippage = "3 %"', 'slippage = "2 %"')
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    folder = tmp_path_factory.mktemp("liar")
    mandate = folder / "mandate.toml"
    mandate.write_text(TEXT)
    with attacked(folder) as attack:
        attack.equip("USDC", "WETH")
        attack.world.mine(attack.world.funding(attack.ground.safe, "WETH", 100 * 10**18))
        yield replace(attack, ground=replace(attack.ground, file=mandate))


@dataclass(frozen=True, slots=True)
class Loss:
    """One plan that landed: what was sold and what came, at the prices of its decision."""

    sold: Fraction
    got: Fraction
    equity: Fraction

    @property
    def lost(self) -> Fraction:
        return self.sold - self.got


@dataclass(slots=True)
class Kept(Alerts):
    """Alerts that are kept and go nowhere."""

    kept: list[Alert] = field(default_factory=list)

    def send(self, alert: Alert, *, is_said: bool = True) -> None:
        self.kept.append(alert)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A plan on its way, with the prices that it was decided on."""

    hash: str
    swap: Swap
    prices: Prices
    equity: Fraction


@dataclass(slots=True)
class Liar:
    """Lies to a manager block after block, and keeps what came of each plan."""

    attack: Attack
    manager: Manager
    is_trading: bool
    losses: list[Loss] = field(default_factory=list)
    reverted: int = 0
    waiting: Waiting | None = None

    def hear(self, step: Step) -> None:
        """Remember a plan that was sent just now."""
        outcome = step.outcome
        if not isinstance(step.sent, Intent) or outcome is None or outcome.approved is None:
            return
        (swap,) = (each for each in outcome.approved.plan.actions if isinstance(each, Swap))
        self.waiting = Waiting(step.sent.hashes[0], swap, outcome.prices, outcome.equity)

    def block(self, number: int) -> None:
        """A block: the manager's plan, the liar's swaps around it, and at its end a new lie."""
        waiting, self.waiting = self.waiting, None
        start, fair = self.attack.world.head.number, self.attack.price()
        is_down = waiting is not None and waiting.swap.token_in == self.attack.pool.token0
        is_around = waiting is not None and self.is_trading
        if is_around:
            far = TOLERANCE * 47 / 100  # the price moves by twice as much as its root
            push = int(fair * (1 - far if is_down else 1 + far))
            self.attack.waits(self.attack.attacker, self.attack.pushing(push, is_down=is_down))
        self.manager.release()
        if is_around:
            back = self.attack.pushing(fair, is_down=not is_down)
            self.attack.waits(self.attack.attacker, back)
        factor = 1 + LIE if number % 2 else 1 - LIE
        feed = feed_contract(self.attack.world.deployment.feeds["WETH"].address)
        lie = feed.call("updateAnswer", int(TRUE * factor))
        self.attack.waits(self.attack.world.deployment.deployer, lie)
        self.manager.turn()
        if waiting is not None:
            self._count(waiting, start)

    def _count(self, waiting: Waiting, start: int) -> None:
        """Take in what became of a plan in the block after `start`."""
        receipt = self.attack.world.rpc("eth_getTransactionReceipt", waiting.hash)
        assert isinstance(receipt, dict), "it was not mined"
        assert int(str(receipt["blockNumber"]), 16) == start + 1
        if receipt["status"] != "0x1":
            self.reverted += 1
            return
        sold, bought = waiting.swap.token_in, waiting.swap.token_out
        given, got = (
            self.attack.held(token.address, block=hex(start + 1))
            - self.attack.held(token.address, block=hex(start))
            for token in (sold, bought)
        )
        prices = waiting.prices
        worth = -given * prices.price(sold), got * prices.price(bought)
        self.losses.append(Loss(*worth, waiting.equity))


def lied_to(attack: Attack, journal: Path, *, is_trading: bool) -> tuple[Liar, Kept]:
    """What fifty decisions on lies come to."""
    manager = attack.begin(journal, turns=2)
    alerts = Kept({}, {}, lambda _: None)
    hearing, liar = Hearing(alerts, 300), Liar(attack, manager, is_trading)

    def hear(step: Step) -> None:
        liar.hear(step)
        hearing.hear(step)

    manager.hears = hear
    manager.hold()
    for number in range(BLOCKS):
        liar.block(number)
    manager.node.set()
    return liar, alerts


@pytest.mark.parametrize(
    "is_trading, least",
    [(False, Fraction(4, 10)), (True, Fraction(9, 10))],
    ids=["lies", "lies and trades ahead"],
)
def test_attack_feed_lies_for_fifty_blocks__loss_is_bounded_and_a_breaker_opens(
    world: Attack,
    tmp_path: Path,
    is_trading: bool,
    least: Fraction,
    record_property: Callable[[str, object], None],
) -> None:
    with undone(world) as attack:
        liar, alerts = lied_to(attack, tmp_path / "run.sqlite", is_trading=is_trading)
        manager, losses = liar.manager, liar.losses
        assert len(losses) >= 10
        assert all(loss.lost <= SLIPPAGE * loss.sold for loss in losses), "each plan by itself"
        most = max(loss.equity for loss in losses)
        sold = sum((loss.sold for loss in losses), Fraction(0))
        lost = sum((loss.lost for loss in losses), Fraction(0))
        assert sold <= TURNOVER_PER_DAY * most, "all of it is within one day"
        assert lost <= SLIPPAGE * TURNOVER_PER_DAY * most
        assert lost > least * SLIPPAGE * sold, "the lie is near to the worst, or it shows nothing"
        halts = [each.why for each in alerts.kept if each.kind == "halt"]
        assert halts, "somebody is called"
        assert {each.partition(":")[0] for each in halts} == {f"breaker {TURNOVER}"}
        assert halts[0].endswith("are allowed: are the prices right?")
        manager.end()
    with Journal.read(tmp_path / "run.sqlite") as journal:
        ticks = [each.economic for each in journal.records("tick")]
    seen = [tick["view"] for tick in ticks if isinstance(tick, dict)]
    opened = [view["breakers"] for view in seen if isinstance(view, dict)]
    assert any(isinstance(each, dict) and TURNOVER in each for each in opened), "it is journaled"
    what = f"{len(losses)} plans on lies, {liar.reverted} reverted"
    told = f"{float(lost / sold):.3%} lost of {float(sold / most):.2%} of the book sold"
    record_property("told", f"{what}: {told}, {float(SLIPPAGE):.0%} allowed")
