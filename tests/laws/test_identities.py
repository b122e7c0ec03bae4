"""The committed table of proven code is what the packages of the law's world give."""

from pathlib import Path

import msgspec
import pytest

from tests.laws import identities
from tests.laws.identities import LISTED, Listed, artefact, read_immutables, stated_immutables
from trimtab.chain.identities import FILE, Table, proven
from trimtab.core.abi import word
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import package
from trimtab.lab.world.compile import compiled
from trimtab.protocols.shared.code import masked_hash, trailer

pytestmark = pytest.mark.chain


def test_table__made_anew__is_the_committed_file() -> None:
    made = identities.table()
    assert proven() == made
    assert FILE.read_bytes() == made.to_json(), "run `python -m tests.laws.identities`"


def test_table__hashes_and_spans__hold_no_code() -> None:
    longest = max(len(each.hash) for each in proven().identities)
    assert longest == 64
    assert FILE.stat().st_size < 30_000


def test_table__spans__lie_apart_and_inside_the_code() -> None:
    for each in proven().identities:
        at = 0
        for start, length in each.spans:
            assert at <= start, each.name
            at = start + length
        ends_with_metadata = at == each.length
        assert ends_with_metadata != (each.protocol == "curve"), each.name


@pytest.mark.parametrize(
    "listed",
    [
        each
        for each in LISTED
        if each.package == "@aave/core-v3" and each.role != "addresses provider"
    ],
    ids=lambda listed: listed.contract,
)
def test_read_immutables__where_the_compiler_tells__the_same(listed: Listed) -> None:
    """What is read off the code of packages that do not tell can be believed."""
    code = identities.unlinked(artefact(listed).deployed_bytecode)
    assert read_immutables(code) == stated_immutables()[listed.path]


def test_read_immutables__router_of_pairs__as_its_compiler_tells() -> None:
    (listed,) = (each for each in LISTED if each.contract == "UniswapV2Router02")
    file = package(listed.package) / "build" / "UniswapV2Router02.json"
    stated = msgspec.json.decode(file.read_bytes())["evm"]["deployedBytecode"]
    places = [place for each in stated["immutableReferences"].values() for place in each]
    told = tuple(sorted((place["start"], place["length"]) for place in places))
    assert len(told) > 0
    assert read_immutables(identities.unlinked(artefact(listed).deployed_bytecode)) == told


def test_read_immutables__creation_code_inside__left_out() -> None:
    """The provider creates proxies, so that their code and its placeholders lie in its own."""
    by_path = {each.contract: each for each in LISTED}
    provider = identities.unlinked(artefact(by_path["PoolAddressesProvider"]).deployed_bytecode)
    proxy = by_path["InitializableImmutableAdminUpgradeabilityProxy"]
    embedded = identities.unlinked(artefact(proxy).bytecode)
    assert embedded in provider
    assert read_immutables(provider, embedded) == ()
    assert len(read_immutables(provider)) > 0


def test_read_immutables__our_own_build__each_use_found(tmp_path: Path) -> None:
    (tmp_path / "Two.sol").write_text(TWO)
    code = compiled(tmp_path, "Two.sol", "Two").runtime_code
    spans = read_immutables(code)
    assert len(spans) == 3
    filled = bytearray(code)
    for start, _ in spans:
        filled[start : start + 32] = word(7)
    masks = (*spans, trailer(code))
    assert masked_hash(bytes(filled), masks) == masked_hash(code, masks)
    assert masked_hash(bytes(filled), ()) != masked_hash(code, ())


TWO = """
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
contract Two {
    uint256 public immutable one;
    address public immutable other;
    uint256 public constant nothing = 0;
    constructor(uint256 first, address second) { one = first; other = second; }
    function sum() external view returns (uint256) { return one + uint160(0); }
}
"""


def test_is_of__other_length__is_not() -> None:
    (token,) = proven().of("erc20", "token")
    assert not token.is_of(b"", Address("0x" + "00" * 20))


def test_table__nothing_in_it__still_json() -> None:
    assert Table((), ()).to_json() == b'{"laws": [\n\n],\n"identities": [\n\n]}\n'
