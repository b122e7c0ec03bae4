"""The modelled world: who stands where in a block, and what becomes of our plan."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.abi import Call
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Intent
from trimtab.core.token import Address
from trimtab.engine.modelled import Sent, in_order
from trimtab.engine.recorded import RecordedBlock, RecordedOrder
from trimtab.lab.mining import Waiting, ordered

OTHERS = [Address(f"0x{number:040x}") for number in range(1, 5)]
LAST = 10**9
"""The rank that the conductor gives to whoever signs for themselves."""

tips = st.integers(0, 4)


def sent(signer: Address, tip: int, plan: Plan) -> Sent:
    intent = Intent("hash", 1, signer, 0, 1, ("0x",), (), gas=1, most_fee=100, tip=tip)
    return Sent(plan, intent)


@given(
    orders=st.lists(st.tuples(st.sampled_from(OTHERS), tips), max_size=12),
    tip=tips,
    signer=st.sampled_from([Address("0x" + "00" * 20), Address("0x" + "ff" * 20)]),
)
def test_in_order__our_plan_among_others__where_the_conductor_mines_it(
    orders: list[tuple[Address, int]], tip: int, signer: Address
) -> None:
    waiting = [
        Waiting(sender, nonce, other_tip, nonce, ("", ()))
        for nonce, (sender, other_tip) in enumerate(orders)
    ]
    recorded = RecordedBlock(
        Timestamp(1),
        1,
        tuple(
            RecordedOrder(each.sender, Call(each.sender, b""), each.tip, each.rank)
            for each in ordered(waiting)
        ),
    )
    ours = Waiting(signer, 0, tip, LAST, ("", ()))
    conducted = [None if each is ours else each.rank for each in ordered([*waiting, ours])]
    plan: Plan = object.__new__(Plan)
    found = [
        None if isinstance(each, Sent) else each.rank
        for each in in_order(recorded, sent(signer, tip, plan))
    ]
    assert found == conducted


def test_in_order__nothing_of_ours__others_as_recorded() -> None:
    order = RecordedOrder(OTHERS[0], Call(OTHERS[0], b""), 1, 0)
    assert list(in_order(RecordedBlock(Timestamp(1), 1, (order,)), None)) == [order]
