import asyncio
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.chain.fake_chain import head_of
from tests.unit.chain.fake_node import FakeNode, connected
from trimtab.chain.fees import Fees
from trimtab.chain.rollup import (
    GAS_PRICE_ORACLE,
    NODE_INTERFACE,
    Arbitrum,
    DataCharge,
    DataFee,
    NoDataFee,
    OpStack,
    Rollup,
    check_worth,
    rollup_of,
    unsigned,
)
from trimtab.chain.signer import Transaction
from trimtab.chain.wire import pin
from trimtab.core.abi import selector, word
from trimtab.core.errors import ConfigError, Infeasible, MissingRead, Uneconomic
from trimtab.core.plan import Plan, PlanCost
from trimtab.core.token import Address, address_from_bytes

TO = address_from_bytes(b"\x70" * 20)
TRANSACTION = Transaction(10, 7, TO, b"\x01\x02", 5, 21_000, Fees(3 * 10**9, 10**9))
GWEI = 10**9


def node_with(answer: bytes) -> FakeNode:
    return FakeNode({"eth_call": lambda *_: "0x" + answer.hex()})


def charged(rollup: Rollup, node: FakeNode, bound: int) -> tuple[Transaction, DataFee]:
    charge = DataCharge(rollup, bound)
    return asyncio.run(charge.charged(connected(node), TRANSACTION, head_of(5)))


@example(nonce=0, value=0x7F, gas=0x80, most=0, tip=1, data=bytes(55))
@example(nonce=0, value=0, gas=0, most=0, tip=0, data=bytes(56))
@example(nonce=0, value=0, gas=0, most=0, tip=0, data=b"\x7f")
@example(nonce=0, value=0, gas=0, most=0, tip=0, data=b"\x80")
@example(nonce=0, value=0, gas=0, most=0, tip=0, data=bytes(256))
@given(
    nonce=st.integers(0, 2**64 - 2),
    value=st.integers(0, 2**128),
    gas=st.integers(0, 2**40),
    most=st.integers(0, 2**60),
    tip=st.integers(0, 2**60),
    data=st.one_of(st.binary(max_size=80), st.binary(min_size=250, max_size=300)),
)
def test_unsigned__any_transaction__the_bytes_whose_hash_is_signed(
    nonce: int, value: int, gas: int, most: int, tip: int, data: bytes
) -> None:
    transaction = Transaction(31337, nonce, TO, data, value, gas, Fees(most, tip))
    peer = TypedTransaction.from_dict(
        {
            "type": 2,
            "chainId": 31337,
            "nonce": nonce,
            "to": TO,
            "data": data,
            "value": value,
            "gas": gas,
            "maxFeePerGas": most,
            "maxPriorityFeePerGas": tip,
        }
    )
    assert keccak(unsigned(transaction)) == bytes(peer.hash())


@pytest.mark.parametrize(
    "chain, expected",
    [
        (1, NoDataFee),
        (31_337, NoDataFee),
        (10, OpStack),
        (8_453, OpStack),
        (42_161, Arbitrum),
    ],
)
def test_rollup_of__known_chain__its_model(chain: int, expected: type[Rollup]) -> None:
    assert isinstance(rollup_of(chain), expected)


def test_rollup_of__named__as_the_mandate_says() -> None:
    assert rollup_of(99_999, "op-stack") == OpStack()
    assert rollup_of(10, "none") == NoDataFee()
    with pytest.raises(ConfigError, match="'none', 'op-stack', 'arbitrum'"):
        rollup_of(10, "optimism")


def test_rollup_of__unknown_chain__refused_and_never_free() -> None:
    with pytest.raises(ConfigError, match="not known whether chain 99999 charges"):
        rollup_of(99_999)


def asked(node: FakeNode) -> tuple[dict[str, Any], object]:
    ((method, (fields, block)),) = node.asked
    assert method == "eth_call"
    return fields, block


def test_op_stack__fee__of_the_unsigned_transaction_at_the_plans_block() -> None:
    node = node_with(word(123))
    transaction, fee = charged(OpStack(), node, 123)
    assert (transaction, fee) == (TRANSACTION, DataFee(123, 0))
    fields, block = asked(node)
    raw = unsigned(TRANSACTION)
    expected = selector("getL1Fee(bytes)") + word(32) + word(len(raw)) + raw
    assert bytes.fromhex(fields["data"][2:]) == expected + bytes(-len(raw) % 32)
    assert (fields["to"], block) == (GAS_PRICE_ORACLE, pin(head_of(5)))


def test_arbitrum__fee__paid_by_gas_that_the_limit_must_hold() -> None:
    node = node_with(word(1_000) + word(7) + word(99))
    transaction, fee = charged(Arbitrum(), node, 7_000)
    assert fee == DataFee(7_000, 1_000)
    assert transaction == replace(TRANSACTION, gas=22_000)
    fields, _ = asked(node)
    assert fields["to"] == NODE_INTERFACE


def test_charged__no_data_fee__nothing_is_asked() -> None:
    node = node_with(b"")
    assert charged(NoDataFee(), node, 0) == (TRANSACTION, DataFee(0, 0))
    assert node.asked == []


def test_charged__above_the_mandates_bound__infeasible() -> None:
    with pytest.raises(Infeasible, match=r"asks 2 gwei for the transaction's data.* allows 1"):
        charged(OpStack(), node_with(word(2 * GWEI)), GWEI)


@pytest.mark.parametrize("rollup", [OpStack(), Arbitrum()])
def test_charged__no_such_contract__missing_read_and_never_free(rollup: Rollup) -> None:
    with pytest.raises(MissingRead, match=r"correct chain\.rollup"):
        charged(rollup, node_with(b""), GWEI)
    with pytest.raises(MissingRead, match="the data fee by"):
        charged(rollup, node_with(b"\x01"), GWEI)


def plan(gain: int, *, lowers_risk: bool = False) -> Plan:
    cost = PlanCost(0, Fraction(60), Fraction(30), Fraction(10))
    address = Address(TO)
    return Plan(
        chain=10,
        account=address,
        block=5,
        bounds=None,  # type: ignore[arg-type]
        actions=(),
        calls=(),
        expected=(),
        cost=cost,
        gain=Fraction(gain),
        lowers_risk=lowers_risk,
        why="a test",
    )


def test_check_worth__gain_covers_cost_and_data__well_to_the_unit() -> None:
    check_worth(plan(150), DataFee(100, 0), Fraction(1, 2))
    with pytest.raises(Uneconomic, match="the move costs 150 and gains 149"):
        check_worth(plan(149), DataFee(100, 0), Fraction(1, 2))


def test_check_worth__lowers_risk__never_uneconomic() -> None:
    check_worth(plan(0, lowers_risk=True), DataFee(10**18, 0), Fraction(1))
