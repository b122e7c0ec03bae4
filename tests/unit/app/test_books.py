"""The address books of public chains: what can be known of them without asking their chains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.support.command import ROOT
from trimtab.app.books import PUBLIC_BOOKS, book_path
from trimtab.chain.plan_check import PLAN_CHECK
from trimtab.core.token import Address, address
from trimtab.lab.world import MULTICALL3, artifact, created2_address
from trimtab.mandate import read_book
from trimtab.protocols.uniswap_v3 import Pool

CHAINS = {"arbitrum": 42161, "base": 8453, "ethereum": 1, "optimism": 10, "polygon": 137}
OWNERS = {
    "multicall": ("github.com/mds1/multicall",),
    "safe": ("github.com/safe-global/safe-deployments",),
    "tokens": ("github.com/bgd-labs/aave-address-book",),
    "feeds": ("github.com/smartcontractkit/documentation",),
    "uniswap_v3": ("github.com/Uniswap/docs",),
    "uniswap_v2": ("github.com/Uniswap/docs",),
    "curve": ("docs.curve.finance", "github.com/curvefi/curve-contract"),
    "balancer": ("github.com/balancer/balancer-deployments",),
    "aave_v3": ("github.com/bgd-labs/aave-address-book",),
}
"""Who may be the source of a section: the project itself, or who keeps its list."""

OUR_OWN = {"chain", "plan_check", "sources"}
SAFE_FACTORY = "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"
"""The deterministic deployer that Safe's contracts of this version were made by.

Source: safe-global/safe-singleton-factory, for all chains here.
"""

_SPACING = {100: 1, 500: 10, 3000: 60, 10000: 200}
_POOL = "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json"
_MULTI_SEND = (
    "@safe-global/safe-contracts/build/artifacts/contracts/libraries/MultiSendCallOnly.sol/"
    "MultiSendCallOnly.json"
)


@cache
def content(name: str) -> bytes:
    return book_path(name).read_bytes()


def file(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(content(name))
    return loaded


def addresses(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a file that begins as an address does, and where it stands."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from addresses(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from addresses(each, f"{path}[{number}]")
    elif isinstance(value, str) and value.startswith("0x"):
        yield path, value


def test_books__files__are_those_that_have_a_word() -> None:
    files = {path.stem for path in book_path("base").parent.glob("*.json")}
    assert files == set(PUBLIC_BOOKS) == set(CHAINS)
    assert book_path("./base") == Path("base")


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__read__has_its_chain_and_its_tokens(name: str) -> None:
    book, told = read_book(content(name), name), file(name)
    assert book.chain == CHAINS[name]
    assert {"WETH", "USDC"} <= set(book.tokens) == set(told["tokens"])
    assert (book.plan_check, book.multicall) == (PLAN_CHECK, MULTICALL3)
    feeds = {f"chainlink:{symbol}" for symbol in told.get("feeds", {})}
    pools = {f"uniswap_v3:{each}" for each in told["uniswap_v3"].get("pools", {})}
    tokens = {f"erc20:{symbol}" for symbol in book.tokens}
    assert set(book.markets) == feeds | pools | tokens


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__every_address__has_its_checksum(name: str) -> None:
    found = dict(addresses(file(name)))
    assert len(found) >= 15
    for path, text in found.items():
        assert address(text) == text, path
        assert int(text, 16) > 0, path


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__addresses__each_stands_for_one_thing(name: str) -> None:
    """A pool's tokens are the book's, again; nothing else is named twice."""
    again = ("token0", "token1")
    named = [
        (path, text)
        for path, text in addresses(file(name))
        if not path.endswith(again) and ".coins[" not in path
    ]
    assert len({text for _, text in named}) == len(named)


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__every_section__names_a_source_of_its_project(name: str) -> None:
    told = file(name)
    sections = set(told) - OUR_OWN
    assert set(told["sources"]) == sections
    for section in sections:
        sources = told["sources"][section]
        assert sources, section
        for source in sources:
            parts = urlsplit(source)
            assert parts.scheme == "https", source
            assert f"{parts.netloc}{parts.path}".startswith(OWNERS[section]), source


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__sources_in_repositories__are_of_one_commit_for_ever(name: str) -> None:
    for sources in file(name)["sources"].values():
        for source in sources:
            parts = urlsplit(source).path.split("/")
            if urlsplit(source).netloc == "github.com":
                assert parts[3] == "blob", source
                assert len(bytes.fromhex(parts[4])) == 20, source


def test_book__pools_of_uniswap_v3__are_where_the_factory_makes_them() -> None:
    """The creation code of our package's pools gives the very addresses of the public chain."""
    code = artifact(_POOL).creation_code({})
    seen = 0
    for name in PUBLIC_BOOKS:
        factory = Address(file(name)["uniswap_v3"]["factory"])
        for pool in read_book(content(name), name).markets.values():
            if isinstance(pool, Pool):
                pair = (pool.token0.address, pool.token1.address)
                salt = keccak(encode(["address", "address", "uint24"], [*pair, pool.fee]))
                assert created2_address(factory, salt, code) == pool.address, pool.name
                assert pool.tick_spacing == _SPACING[pool.fee]
                assert pool.minter is None
                seen += 1
    assert seen == 2


@pytest.mark.parametrize("name", PUBLIC_BOOKS)
def test_book__safe__is_where_its_code_is_made(name: str) -> None:
    code = artifact(_MULTI_SEND).creation_code({})
    made = created2_address(Address(SAFE_FACTORY), bytes(32), code)
    assert file(name)["safe"] == {"multi_send_call_only": made}


def test_guide__of_each_book__names_what_it_has() -> None:
    page = (ROOT / "docs" / "reference" / "books.md").read_text(encoding="utf-8")
    for name in PUBLIC_BOOKS:
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        told = file(name)
        assert cells[1] == str(told["chain"])
        assert cells[2].replace("`", "").split(", ") == list(told["tokens"])
        assert cells[3].replace("`", "").split(", ") == (list(told.get("feeds", {})) or ["none"])
        pools = list(told["uniswap_v3"].get("pools", {})) or ["none"]
        assert cells[4].replace("`", "").split(", ") == pools
