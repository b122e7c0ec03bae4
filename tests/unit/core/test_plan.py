from dataclasses import replace
from fractions import Fraction

from tests.unit.core.test_token import USDC
from trimtab.core.actions import ALL, Withdraw
from trimtab.core.bounds import Bounds
from trimtab.core.market import MarketId, wallet
from trimtab.core.plan import Measure, Plan, PlanCost
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS

COST = PlanCost(21_000, Fraction(1, 3), Fraction(1, 3), Fraction(-1, 6))
ACTION = Withdraw(ZERO_ADDRESS, MarketId("aave_v3:1:0x"), USDC, ALL, ZERO_ADDRESS)
PLAN = Plan(
    chain=1,
    account=ZERO_ADDRESS,
    block=7,
    bounds=Bounds(Timestamp(100)),
    actions=(ACTION,),
    calls=(),
    expected=((wallet(USDC), 5),),
    cost=COST,
    gain=Fraction(1, 7),
    lowers_risk=False,
    why="a test",
)


def test_cost__total__gas_fees_and_slippage() -> None:
    assert COST.total == Fraction(1, 2)


def test_hash__equal_plans__equal() -> None:
    assert replace(PLAN).hash == PLAN.hash


def test_hash__any_field_changed__another() -> None:
    changes = [
        {"block": 8},
        {"gain": Fraction(2, 7)},
        {"bounds": Bounds(Timestamp(101))},
        {"expected": ()},
    ]
    hashes = {replace(PLAN, **change).hash for change in changes}  # type: ignore[arg-type]
    assert len(hashes | {PLAN.hash}) == len(changes) + 1


def test_hash__everything_or_an_amount__differ() -> None:
    assert replace(PLAN, actions=(replace(ACTION, amount=5),)).hash != PLAN.hash


def test_measure__at_the_limit__within() -> None:
    assert Measure("cap", Fraction(1, 3), Fraction(1, 3)).is_within


def test_measure__a_hair_above__not_within() -> None:
    assert not Measure("cap", Fraction(1, 3) + Fraction(1, 10**60), Fraction(1, 3)).is_within
