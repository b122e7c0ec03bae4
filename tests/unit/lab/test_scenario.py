"""Scenario files: what they say, and what is wrong with them."""

from fractions import Fraction
from typing import Any

import pytest

from tests.unit.lab.market import ALICE, CHAIN, FEEDS, LENDER, POOLS, TOKENS, USDC, WETH, place
from trimtab.core.abi import Call
from trimtab.core.actions import Borrow, Repay, Supply, Swap, SwapExactOut, Transfer, Withdraw
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, token_market
from trimtab.lab.agents import Order
from trimtab.lab.prices import Break
from trimtab.lab.scenario import Scenario, parse_script, resolve
from trimtab.lab.scenario_events import FOREVER, Names
from trimtab.mandate import AddressBook
from trimtab.protocols.erc20 import Erc20

SAFE, BOB = place(200), place(201)
ERC20S = [Erc20(CHAIN, token.address, f"erc20:{token}", token) for token in TOKENS]
MARKETS: list[Market[Any]] = [*ERC20S, *FEEDS.values(), *POOLS, LENDER]
BOOK = AddressBook(
    CHAIN,
    place(90),
    place(91),
    place(92),
    {token.symbol: token for token in TOKENS},
    {market.name: market for market in MARKETS},
)
NAMES = Names(BOOK, (ALICE, BOB), {"manager": SAFE, "small trader": BOB})
GWEI = 10**9


def scenario(text: str) -> Scenario:
    return resolve(parse_script(text, "s.toml"), NAMES, "s.toml")


def event(lines: str) -> Scenario:
    return scenario("[[events]]\n" + lines)


TRANSFER = 'actor = 0\naction = "transfer"\ntoken = "USDC"\nraw = 1\nto = "manager"\n'
DUST = Order(Transfer(ALICE, token_market(USDC), USDC, SAFE, 1), GWEI)

# ---------------------------------------------------------------------------------- meanings


def test_scenario__no_events__nothing_happens() -> None:
    assert scenario("") == Scenario()


def test_scenario__one_block__then_and_never_else() -> None:
    found = event("block = 5\n" + TRANSFER)
    assert {block: found.at(block) for block in range(1, 10) if found.at(block)} == {
        5: ((ALICE, DUST),)
    }


@pytest.mark.parametrize(
    "when, blocks",
    [
        ("from = 1\nuntil = 3", [1, 2, 3]),
        ("from = 2\nuntil = 9\nevery = 3", [2, 5, 8]),
        ("from = 18", [18, 19, 20]),
        ("from = 4\nuntil = 4", [4]),
    ],
)
def test_scenario__a_range__its_blocks(when: str, blocks: list[int]) -> None:
    found = event(f"{when}\n{TRANSFER}")
    assert [block for block in range(1, 21) if found.at(block)] == blocks


@pytest.mark.parametrize(
    "lines, expected",
    [
        (
            'action = "supply"\ntoken = "USDC"\namount = 12.5\nto = "manager"',
            Supply(BOB, LENDER.id, USDC, 12_500_000, SAFE),
        ),
        (
            'action = "supply"\ntoken = "WETH"\namount = "0.000000000000000001"',
            Supply(BOB, LENDER.id, WETH, 1, BOB),
        ),
        (
            'action = "withdraw"\ntoken = "USDC"\namount = 3',
            Withdraw(BOB, LENDER.id, USDC, 3 * 10**6, BOB),
        ),
        ('action = "borrow"\ntoken = "USDC"\nraw = 7', Borrow(BOB, LENDER.id, USDC, 7, BOB)),
        (
            'action = "repay"\ntoken = "USDC"\nraw = 7\nto = "manager"',
            Repay(BOB, LENDER.id, USDC, 7, SAFE),
        ),
        (
            'action = "swap"\ntoken = "WETH"\namount = 2\nmarket = "uniswap_v3:WETH/USDC/500"',
            Swap(BOB, POOLS[0].id, WETH, USDC, 2 * 10**18, 0, FOREVER, BOB),
        ),
        (
            ('action = "buy"\ntoken = "WETH"\namount = 2\nmost = 5000.5\n'
            'market = "uniswap_v3:WETH/USDC/500"\nto = "manager"'),
            SwapExactOut(
                BOB, POOLS[0].id, USDC, WETH, 2 * 10**18, 5_000_500_000, FOREVER, SAFE
            ),
        ),
        (
            f'action = "transfer"\ntoken = "USDC"\nraw = 5\nto = "{ALICE}"',
            Transfer(BOB, token_market(USDC), USDC, ALICE, 5),
        ),
        (
            f'call = {{ to = "{SAFE}", data = "0xd0e30db0", value = 9 }}',
            Call(SAFE, bytes.fromhex("d0e30db0"), 9),
        ),
    ],
)  # fmt: skip
def test_scenario__each_kind_of_event__what_it_says(lines: str, expected: object) -> None:
    found = event(f'block = 1\nactor = "small trader"\ntip = 3\n{lines}')
    assert [(account, order.action, order.tip) for account, order in found.at(1)] == [
        (BOB, expected, 3)
    ]


def test_scenario__prices__break_at_their_blocks() -> None:
    found = scenario(
        '[[events]]\nblock = 40\nprice = { asset = "WETH", factor = 0.7 }\n'
        '[[events]]\nfrom = 50\nuntil = 52\nevery = 2\nprice = { asset = "USDC", factor = "99 %" }'
    )
    assert found.breaks == (
        Break(40, "WETH", Fraction(7, 10)),
        Break(50, "USDC", Fraction(99, 100)),
        Break(52, "USDC", Fraction(99, 100)),
    )
    assert found.cues == ()


def test_payments__all_blocks__summed_by_account_and_token() -> None:
    found = scenario(
        f"[[events]]\nfrom = 1\nuntil = 300\n{TRANSFER}"
        '[[events]]\nfrom = 2\nactor = 1\naction = "supply"\ntoken = "USDC"\nraw = 10\n'
        '[[events]]\nblock = 2\nactor = 1\naction = "borrow"\ntoken = "WETH"\nraw = 1\n'
    )
    assert found.payments(10) == {ALICE: {USDC: 10}, BOB: {USDC: 90}}


def test_scenario__silence__of_the_agent_at_its_times_alone() -> None:
    found = event('from = 3\nuntil = 7\nevery = 2\nsilent = "small trader"')
    assert [b for b in range(1, 10) if found.is_silent("small trader", b)] == [3, 5, 7]
    assert not any(found.is_silent("oracle keeper", b) for b in range(1, 10))
    assert found.cues == ()


def test_scenario__base_fees__around_the_level_times_all_factors_so_far() -> None:
    found = scenario("[[events]]\nblock = 3\nbase_fee = 20\n[[events]]\nblock = 5\nbase_fee = 0.5")
    told = [found.base_fee(block, lambda factor: int(100 * factor)) for block in range(1, 7)]
    assert told == [100, 100, 2_000, 2_000, 1_000, 1_000]


# ---------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "lines, words",
    [
        (TRANSFER, "give either `block`, or `from`"),
        ("block = 1\nfrom = 2\n" + TRANSFER, "give either `block`, or `from`"),
        ("block = 1\nevery = 2\n" + TRANSFER, "go with `from`, not with `block`"),
        ("block = 1\nuntil = 2\n" + TRANSFER, "go with `from`, not with `block`"),
        ("block = 0\n" + TRANSFER, "both begin at 1"),
        ("from = 1\nevery = 0\n" + TRANSFER, "both begin at 1"),
        ("from = 5\nuntil = 4\n" + TRANSFER, "ends at block 4, before it begins at block 5"),
        (
            "block = 1\nactor = 0",
            "exactly one of `action`, `call`, `price`, `base_fee` and `silent`",
        ),
        (f'block = 1\ncall = {{ to = "{SAFE}" }}\n' + TRANSFER, "exactly one of"),
        (f'block = 1\ncall = {{ to = "{SAFE}" }}', "nobody acts: give an `actor`"),
        ("block = 1\n" + TRANSFER.replace("0", "2", 1), "no account 2: expected 0 to 1"),
        ("block = 1\n" + TRANSFER.replace("0", "-1", 1), "no account -1"),
        (
            "block = 1\n" + TRANSFER.replace("0", '"small tradr"', 1),
            "no account `small tradr`; did you mean `small trader`",
        ),
        (
            "block = 1\n" + TRANSFER.replace("0", '"manager"', 1),
            "`manager` signs for itself",
        ),
        ("block = 1\n" + TRANSFER.replace("manager", "manger"), "did you mean `manager`"),
        ("block = 1\n" + TRANSFER.replace('"manager"', '"0x12"'), "is not an address"),
        ("block = 1\n" + TRANSFER.replace("USDC", "USDT"), "USDT"),
        ("block = 1\n" + TRANSFER.replace('to = "manager"', ""), "a transfer needs a `to`"),
        ("block = 1\n" + TRANSFER.replace("raw = 1", ""), "either an `amount`"),
        ("block = 1\namount = 1\n" + TRANSFER, "either an `amount`"),
        ("block = 1\n" + TRANSFER.replace("raw = 1", "raw = 0"), "expected more than 0"),
        ("block = 1\n" + TRANSFER.replace("raw = 1", "amount = -1"), "expected more than 0"),
        ("block = 1\n" + TRANSFER.replace("raw = 1", "amount = 0.1234567"), "has 6 decimals"),
        ("block = 1\ntip = -1\n" + TRANSFER, "the tip is -1 wei"),
        ('block = 1\nactor = 0\naction = "borrow"\nraw = 1', "needs a `token`"),
        (
            'block = 1\nactor = 0\naction = "borrow"\ntoken = "USDC"\nraw = 1\nto = "manager"',
            "for the actor itself",
        ),
        ('block = 1\nactor = 0\naction = "swap"\ntoken = "USDC"\nraw = 1', "needs a `market`"),
        (
            'block = 1\nactor = 0\naction = "swap"\ntoken = "USDC"\nraw = 1\nmarket = "aave_v3"',
            "aave_v3 is no pool that trades USDC",
        ),
        (
            (
                'block = 1\nactor = 0\naction = "buy"\ntoken = "USDC"\nraw = 1\n'
                'market = "uniswap_v3:WETH/USDC/500"'
            ),
            "needs `most`",
        ),
        (f'block = 1\nactor = 0\ncall = {{ to = "{SAFE}", data = "0xzz" }}', "not hexadecimal"),
        (f'block = 1\nactor = 0\ncall = {{ to = "{SAFE}", value = -1 }}', "the value is -1 wei"),
        ('block = 1\nprice = { asset = "WETH", factor = 0 }', "expected more than 0"),
        ('block = 1\nprice = { asset = "WETH", factor = -0.5 }', "expected more than 0"),
        ('block = 1\nprice = { asset = "LINK", factor = 2 }', "LINK"),
        ('from = 1\nprice = { asset = "WETH", factor = 2 }', "give `until`"),
        ('block = 1\nactor = 0\nprice = { asset = "WETH", factor = 2 }', "breaks by itself"),
        ('block = 1\nbase_fee = 2\nprice = { asset = "WETH", factor = 2 }', "exactly one of"),
        ("block = 1\nbase_fee = 0", "the factor of base fees is 0"),
        ("from = 1\nbase_fee = 2", "by themselves and once"),
        ("block = 1\nactor = 0\nbase_fee = 2", "by themselves and once"),
        ('block = 1\nactor = 0\nsilent = "small trader"', "leave `actor` out"),
        ('block = 1\nsilent = "small tradr"', "did you mean `small trader`"),
        ('block = 1\nsilent = "manager"', "cannot be silenced"),
    ],
)
def test_scenario__a_mistake__refused_with_its_event(lines: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"^s\.toml, event 2: .*{words}"):
        scenario(f"[[events]]\nblock = 1\n{TRANSFER}[[events]]\n{lines}")


@pytest.mark.parametrize(
    "text, words",
    [
        ("[[events]]\nblok = 1", r"s\.toml: unknown key `events\[0\]\.blok`; did you mean `block`"),
        (
            '[[events]]\nprice = { aset = "WETH", factor = 2 }',
            "price.aset`; did you mean `asset`",
        ),
        ("[[event]]\nblock = 1", "unknown key `event`; did you mean `events`"),
        ('[[events]]\nblock = "1"', r"s\.toml: `events\[0\]\.block` is a text"),
        ('[[events]]\naction = "steal"', r"s\.toml: .*steal"),
        ('[[events]]\nprice = { asset = "WETH" }', "factor` is missing"),
        ('[[events]]\namount = "lots"', "'lots' is not a share"),
        ("[[events]]\namount = nan", "nan"),
        ("events = [", r"s\.toml is not valid TOML"),
    ],
)
def test_parse_script__not_a_scenario__refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_script(text, "s.toml")
