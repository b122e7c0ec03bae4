import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.abi import Answer
from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.lab.world.artifacts import Item, Parameter
from trimtab.lab.world.contracts import (
    Contract,
    created2_address,
    created_address,
    decode_parameters,
    encode_parameters,
    reason,
)

UINT, ADDRESS = Parameter("uint256"), Parameter("address")
HOLDER = address("0x" + "cd" * 20)
CONTRACT = Contract(
    address("0x" + "12" * 20),
    (
        Item("function", "mint", (UINT,)),
        Item("function", "mint", (ADDRESS, UINT)),
        Item("function", "find", (UINT,), (ADDRESS, UINT)),
        Item("function", "find", (ADDRESS,), (UINT,)),
        Item("event", "find", (UINT,)),
    ),
)


# The first four contracts of one account: any explorer shows them.
@pytest.mark.parametrize(
    "nonce, expected",
    [
        (0, "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"),
        (1, "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"),
        (2, "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91"),
        (3, "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c"),
    ],
)
def test_created_address__known_account__known_contracts(nonce: int, expected: str) -> None:
    creator = address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert created_address(creator, nonce) == address(expected)


# Examples of EIP-1014.
@pytest.mark.parametrize(
    "creator, salt, code, expected",
    [
        ("00" * 20, "00" * 32, "00", "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"),
        ("deadbeef" + "00" * 16, "00" * 32, "00", "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3"),
        (
            "00000000000000000000000000000000deadbeef",
            "00000000000000000000000000000000000000000000000000000000cafebabe",
            "deadbeef",
            "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7",
        ),
    ],
)
def test_created2_address__example_of_the_standard__equal(
    creator: str, salt: str, code: str, expected: str
) -> None:
    found = created2_address(address("0x" + creator), bytes.fromhex(salt), bytes.fromhex(code))
    assert found == expected


def test_data__overloaded__told_apart_by_the_number_of_inputs() -> None:
    assert CONTRACT.data("mint", 5) == bytes.fromhex("a0712d68") + (5).to_bytes(32, "big")
    assert CONTRACT.data("mint", HOLDER, 5)[:4] == bytes.fromhex("40c10f19")
    assert CONTRACT.call("mint", 5, value=3).value == 3


def test_data__as_many_inputs__signature_needed() -> None:
    with pytest.raises(ConfigError, match=r"find with 1 inputs matches 2 of \['find\(address\)'"):
        CONTRACT.data("find", 5)
    assert CONTRACT.data("find(uint256)", 5)[4:] == (5).to_bytes(32, "big")


def test_data__unknown_function__refused() -> None:
    with pytest.raises(ConfigError, match=r"burn with 0 inputs matches 0 of \[\]"):
        CONTRACT.data("burn")


def test_values__one_or_several__bare_or_tuple() -> None:
    two = Answer(True, encode_parameters((ADDRESS, UINT), (HOLDER, 7)))
    assert CONTRACT.values("find(uint256)", two) == (HOLDER, 7)
    one = Answer(True, (7).to_bytes(32, "big"))
    assert CONTRACT.values("find(address)", one) == 7


def test_values__reverted__reason_in_words() -> None:
    text = bytes.fromhex("08c379a0") + encode_parameters((Parameter("string"),), ("too late",))
    with pytest.raises(MissingRead, match=rf"find.* of {CONTRACT.address} reverted: too late"):
        CONTRACT.values("find(address)", Answer(False, text))


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"", "no return data"),
        (bytes.fromhex("4e487b71") + (17).to_bytes(32, "big"), "Panic(0x11)"),
        (bytes.fromhex("12345678"), "0x12345678"),
    ],
)
def test_reason__other_than_a_string__shown(data: bytes, expected: str) -> None:
    assert reason(data) == expected


ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: address("0x" + raw.hex()))


@given(st.lists(st.tuples(ADDRESSES, st.lists(ADDRESSES)), max_size=4), ADDRESSES)
def test_decode_parameters__nested_addresses__come_back_checksummed(
    rows: list[tuple[Address, list[Address]]], single: Address
) -> None:
    row = Parameter("tuple[]", components=(ADDRESS, Parameter("address[]")))
    encoded = encode_parameters((row, ADDRESS), (rows, single))
    expected = tuple((first, tuple(rest)) for first, rest in rows), single
    assert decode_parameters((row, ADDRESS), encoded) == expected


def test_created_address__large_nonce__longer_encoding() -> None:
    places = {created_address(ZERO_ADDRESS, nonce) for nonce in (127, 128, 255, 256, 2**32)}
    assert len(places) == 5
