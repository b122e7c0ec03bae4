import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.support.desk import opened
from trimtab.core.errors import ConfigError
from trimtab.core.market import Place, wallet
from trimtab.mandate import AddressBook, read_book
from trimtab.protocols.flash_loop import FlashLoop

Change = Callable[[dict[str, Any]], object]


@cache
def deployment() -> bytes:
    """The file that the local world writes."""
    with opened() as desk:
        return desk.deployment


@pytest.fixture
def book() -> AddressBook:
    return read_book(deployment(), "book.json")


def complaint(change: Change) -> str:
    """What is said about the file with a change."""
    file = json.loads(deployment())
    change(file)
    with pytest.raises(ConfigError) as refused:
        read_book(json.dumps(file).encode(), "book.json")
    return str(refused.value)


def test_book__names__stand_for_markets(book: AddressBook) -> None:
    names = ("erc20:WETH", "chainlink:WETH", "aave_v3", "uniswap_v3:WETH/USDC/500")
    assert tuple(book.market(name).name for name in names) == names


def test_book__reserve__names_the_lending_pool(book: AddressBook) -> None:
    assert book.market("aave_v3:WETH") == book.market("aave_v3")


def test_place__symbol_or_reserve__wallet_or_lender(book: AddressBook) -> None:
    weth = book.token("WETH")
    assert book.place("WETH") == wallet(weth)
    assert book.place("aave_v3:WETH") == Place(book.market("aave_v3").id, weth)


@pytest.mark.parametrize(
    "kind, name, words",
    [
        ("token", "WETHH", "there is no token 'WETHH' in the address book; did you mean 'WETH'?"),
        (
            "market",
            "uniswap_v3:WETH/USDC/50",
            "there is no market 'uniswap_v3:WETH/USDC/50' in the address book; did you mean",
        ),
        ("place", "aave_v3:WET", "did you mean 'aave_v3:WETH'?"),
        ("token", "?", "known: USDC, WBTC, WETH"),
        ("place", "chainlink:WETH", "there is no place 'chainlink:WETH'"),
    ],
)
def test_book__unknown_name__suggests_the_nearest(
    book: AddressBook, kind: str, name: str, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        getattr(book, kind)(name)
    assert words in str(refused.value)


def test_read_book__no_json__says_what_writes_one() -> None:
    with pytest.raises(ConfigError, match=r"book.json is not an address book: .* `trimtab world"):
        read_book(b"{", "book.json")


def test_read_book__part_missing__named() -> None:
    assert "missing required field `tokens`" in complaint(lambda file: file.pop("tokens"))


def without(*sections: str) -> AddressBook:
    """The book of the file without these sections."""
    file = json.loads(deployment())
    for section in sections:
        del file[section]
    return read_book(json.dumps(file).encode(), "book.json")


def test_read_book__without_a_protocol__has_none_of_its_markets(book: AddressBook) -> None:
    kept = {name for name in book.markets if not name.startswith(("aave_v3", "uniswap_v3:"))}
    assert set(without("aave_v3", "uniswap_v3").markets) == kept
    assert {name.partition(":")[0] for name in kept} >= {"erc20", "chainlink"}


def test_read_book__lending_pool_without_reserves__no_market() -> None:
    file = json.loads(deployment())
    del file["aave_v3"]["reserves"]
    assert "aave_v3" not in read_book(json.dumps(file).encode(), "book.json").markets


def test_read_book__pools_without_a_router__refused() -> None:
    words = complaint(lambda file: file["uniswap_v3"].pop("router"))
    assert "has no `router` to be traded through, expected the chain's SwapRouter" in words


def test_read_book__pools_without_a_minter__have_none() -> None:
    file = json.loads(deployment())
    del file["uniswap_v3"]["minter"]
    pool = read_book(json.dumps(file).encode(), "book.json").market("uniswap_v3:WETH/USDC/500")
    assert getattr(pool, "minter", "no such field") is None


def swap_case(file: dict[str, Any]) -> None:
    entry = file["tokens"]["WETH"]
    entry["address"] = "0x" + entry["address"][2:].swapcase()


def test_read_book__wrong_checksum__refused_with_the_file() -> None:
    words = complaint(swap_case)
    assert words.startswith("book.json: 0x")
    assert "wrong checksum: a digit was mistyped, or it should read 0x" in words


@pytest.mark.parametrize("decimals", [-1, 256, "18"])
def test_read_book__decimals_that_no_token_has__refused(decimals: object) -> None:
    words = complaint(lambda file: file["tokens"]["WETH"].update(decimals=decimals))
    assert "expected `int`" in words.lower()
    assert "$.tokens[...].decimals" in words


@pytest.mark.parametrize("fee", [-1, 1_000_000])
def test_read_book__fee_that_no_pool_has__refused(fee: int) -> None:
    words = complaint(lambda file: file["uniswap_v3"]["pools"]["WETH/USDC/500"].update(fee=fee))
    assert "fee" in words


def test_read_book__two_tokens_with_one_address__refused() -> None:
    def change(file: dict[str, Any]) -> None:
        file["tokens"]["WETH"]["address"] = file["tokens"]["USDC"]["address"]

    assert "the tokens USDC and WETH have one address" in complaint(change)


def test_read_book__two_pools_with_one_address__refused() -> None:
    """One of them states another fee than the other: which is right, nobody could say."""

    def twice(file: dict[str, Any]) -> None:
        pools = file["uniswap_v3"]["pools"]
        pools["WETH/USDC/501"] = {**pools["WETH/USDC/500"], "fee": 501}

    told = complaint(twice)
    assert "uniswap_v3:WETH/USDC/500 and uniswap_v3:WETH/USDC/501 have one address" in told


def test_read_book__pool_of_an_unlisted_token__named() -> None:
    words = complaint(lambda file: file["tokens"].pop("WBTC"))
    assert words.startswith("book.json: the reserve WBTC has no token or no feed in the book")


def test_read_book__pool_trades_what_is_not_listed__says_to_add_it() -> None:
    def change(file: dict[str, Any]) -> None:
        for part in (file["tokens"], file["feeds"], file["aave_v3"]["reserves"]):
            part.pop("WBTC")

    assert "which is not among the book's tokens: add it" in complaint(change)


def test_read_book__pool_with_its_tokens_exchanged__refused() -> None:
    def change(file: dict[str, Any]) -> None:
        entry = file["uniswap_v3"]["pools"]["WETH/USDC/500"]
        entry["token0"], entry["token1"] = entry["token1"], entry["token0"]

    assert "a pool orders its tokens by address; exchange them" in complaint(change)


def test_read_book__reserve_of_another_token__refused() -> None:
    def change(file: dict[str, Any]) -> None:
        reserves = file["aave_v3"]["reserves"]
        reserves["WETH"]["token"] = reserves["USDC"]["token"]

    assert "book.json: the reserve WETH is of the token 0x" in complaint(change)


def test_book__no_plan_check__says_how_to_deploy_it() -> None:
    said = complaint(lambda file: file.pop("plan_check"))
    assert said.startswith("book.json: it names no `plan_check`, the contract that bounds every")
    assert "deploy contracts/PlanCheck.sol as docs/guides/deploy-plan-check.md says" in said


def test_book__plan_check_mistyped__refused() -> None:
    said = complaint(lambda file: file.update(plan_check=file["plan_check"][:-1]))
    assert "is not an address: expected 0x and 40 hexadecimal digits" in said


def test_book__flash_loop__with_the_lenders_and_exchanges_of_the_book() -> None:
    file = json.loads(deployment())
    file["flash_loop"] = file["plan_check"]
    found = read_book(json.dumps(file).encode(), "book.json").market("flash_loop")
    assert isinstance(found, FlashLoop)
    assert found.factory == file["uniswap_v3"]["factory"]
    assert len(found.lenders) == 1
    assert {token.symbol for token in found.tokens} == {"USDC", "WETH", "WBTC"}


def test_book__flash_loop_without_a_factory__refused_in_words() -> None:
    def change(file: dict[str, Any]) -> None:
        file["flash_loop"] = file["plan_check"]
        del file["uniswap_v3"]["factory"]

    assert "no `uniswap_v3.factory`, whose pools it exchanges in" in complaint(change)
