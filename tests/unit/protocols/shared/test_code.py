from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.shared.code import (
    IMPLEMENTATION_SLOT,
    Identity,
    clone_of,
    masked_hash,
    trailer,
)

AT, OTHER = (address_from_bytes(bytes((n,)) * 20) for n in (0xAA, 0xBB))
LOGIC = address_from_bytes(b"\xcc" * 20)
METADATA = bytes.fromhex("a164736f6c6343000706000a")


def body(own: Address = AT, first: Address = LOGIC, second: Address = LOGIC, at: int = 5) -> bytes:
    """Code with its own address, two calls of a library, an immutable, and metadata."""
    addresses = b"".join(bytes.fromhex(each[2:]) for each in (own, first, second))
    return b"\x73" + addresses + b"\x7f" + at.to_bytes(32, "big") + b"\x00\xfe" + METADATA


BODY = body()
SPANS = ((1, 20), (21, 20), (41, 20), (62, 32), (96, 12))
KNOWN = Identity(
    protocol="some",
    role="library",
    contract="Logic",
    origin="a package 1.0",
    proven="bytecode",
    length=len(BODY),
    hash=masked_hash(BODY, SPANS),
    zeroed=(SPANS[3], SPANS[4]),
    own=(SPANS[0],),
    libraries=(("Other", (SPANS[1], SPANS[2])),),
)


def test_masked_hash__spans__as_if_zero() -> None:
    assert masked_hash(b"\x01\x02\x03\x04", ((1, 2),)) == keccak(b"\x01\x00\x00\x04").hex()


def test_spans__of_every_kind__in_order() -> None:
    assert KNOWN.spans == SPANS


@pytest.mark.parametrize(
    "code",
    [
        body(at=6),
        body(first=OTHER, second=OTHER),
        BODY[:-5] + bytes(3) + BODY[-2:],
    ],
    ids=["immutable", "library", "metadata"],
)
def test_is_of__what_may_differ__differs(code: bytes) -> None:
    assert KNOWN.is_of(code, AT)


@pytest.mark.parametrize("place", [0, 61, 94, 95])
def test_is_of__any_other_byte__is_not(place: int) -> None:
    code = bytearray(BODY)
    code[place] ^= 1
    assert not KNOWN.is_of(bytes(code), AT)


def test_is_of__a_byte_more__is_not() -> None:
    assert not KNOWN.is_of(BODY + b"\x00", AT)
    longer = replace(KNOWN, length=len(BODY) + 1)
    assert not longer.is_of(BODY + b"\x00", AT)


def test_is_of__own_address_of_another__is_not() -> None:
    assert not KNOWN.is_of(body(own=OTHER), AT)
    assert KNOWN.is_of(body(own=OTHER), OTHER)


def test_is_of__calls_of_one_library_that_go_apart__is_not() -> None:
    assert not KNOWN.is_of(body(second=OTHER), AT)


def test_linked__library__where_it_lies() -> None:
    assert KNOWN.linked(BODY) == {"Other": LOGIC}


def test_clone_of__minimal_proxy__its_target() -> None:
    head, tail = "363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3"
    code = bytes.fromhex(head + AT[2:] + tail)
    assert clone_of(code) == AT
    for other in (code[:-1], code + b"\x00", code[:-1] + b"\x00", b"\x37" + code[1:], b""):
        assert clone_of(other) is None


def test_trailer__metadata__with_its_length() -> None:
    assert trailer(BODY) == (96, 12)
    assert trailer(METADATA) == (0, 12)
    assert trailer(b"\xa2" + METADATA[1:]) == (0, 12)
    assert trailer(BODY + b"\xa1" + bytes(299) + b"\x01\x2c") == (len(BODY), 302)


def test_implementation_slot__as_eip_1967_states_it() -> None:
    stated = "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
    assert f"{IMPLEMENTATION_SLOT:064x}" == stated


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"\x00\x0a",
        BODY[:-1] + b"\x0b",
        BODY + b"\xff\xff",
        b"\xa3" + METADATA[1:],
        b"\xa1" + METADATA[2:],
        METADATA[-10:],
    ],
)
def test_trailer__no_metadata__refused(code: bytes) -> None:
    with pytest.raises(ValueError, match="does not end with metadata"):
        trailer(code)
