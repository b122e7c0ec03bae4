import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.unit.mandate.examples import MANDATE, with_change
from trimtab.app.resolve import mandate_hash, read_mandate, resolve
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.mandate import parse_mandate
from trimtab.protocols.chainlink import Sequencer


def resolved(desk: Desk, text: str = MANDATE) -> Bot:
    return resolve(parse_mandate(text, "mandate.toml"), desk.book, desk.account)


def complaint(desk: Desk, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        resolved(desk, text)
    return str(refused.value)


def names(bot: Bot) -> list[str]:
    return [market.name for market in bot.markets]


def test_resolve__markets__tokens_and_feeds_that_they_need_are_read(desk: Desk) -> None:
    assert names(resolved(desk)) == [
        "erc20:USDC",
        "erc20:WETH",
        "erc20:WBTC",
        "chainlink:USDC",
        "chainlink:WETH",
        "chainlink:WBTC",
        "uniswap_v3:WETH/USDC/500",
        "aave_v3",
    ]


def test_resolve__pool_alone__reads_nothing_else(desk: Desk) -> None:
    text = MANDATE[: MANDATE.index('[[strategies]]\nname = "idle"')]
    bot = resolved(desk, text.replace(', "aave_v3:USDC"', ""))
    assert names(bot) == [
        "erc20:USDC",
        "erc20:WETH",
        "chainlink:USDC",
        "chainlink:WETH",
        "uniswap_v3:WETH/USDC/500",
    ]


def test_resolve__sequencer__its_uptime_feed_is_read_with_the_rest(desk: Desk) -> None:
    address = "0x" + "5" * 40
    text = MANDATE.replace("[chain]", f'[chain]\nsequencer = "{address}"\nsequencer_grace = 60')
    (feed, *rest) = resolved(desk, text).markets
    assert feed == Sequencer(31337, Address(address), "chainlink:sequencer", grace=60)
    assert [market.name for market in rest] == names(resolved(desk))
    assert "checksum" in complaint(desk, text.replace("5" * 40, "aB" * 20))


def test_resolve__feed_of_another_name__read_and_used(desk: Desk) -> None:
    text = MANDATE[: MANDATE.index('[[strategies]]\nname = "idle"')]
    text = text.replace(', "aave_v3:USDC"', "").replace(
        "[account]", '[feeds]\nWETH = "chainlink:WBTC"\n[account]'
    )
    bot = resolved(desk, text)
    assert bot.feeds[desk.token("WETH")].name == "chainlink:WBTC"
    assert "chainlink:WBTC" in names(bot)


def test_resolve__places__wallets_and_the_lenders_that_are_named(desk: Desk) -> None:
    wallets = {desk.place(symbol) for symbol in ("USDC", "WETH", "WBTC")}
    assert set(resolved(desk).places) == wallets | {desk.place("aave_v3:USDC")}


def test_resolve__limits__as_the_mandate_states_them(desk: Desk) -> None:
    limits = resolved(desk, with_change("state_age = 600", "max_equity = 7")).limits
    assert (limits.max_equity, limits.slippage) == (Fraction(7 * 10**6), Fraction(1, 100))
    assert (limits.health, limits.gas_per_day) == (Fraction(3, 2), None)
    limits = resolved(desk, with_change("state_age = 600", "gas_per_day = 0.05")).limits
    assert limits.gas_per_day == 5 * 10**16
    assert limits.caps == {"token:WETH": Fraction(3, 5)}


def test_resolve__execution__moments_in_seconds_and_fees_in_wei(desk: Desk) -> None:
    text = with_change("max_fee_gwei = 200", "max_fee_gwei = 200\npriority_fee_gwei = 0.5")
    execution = resolved(desk, text.replace("id = 31337", "block_seconds = 60")).execution
    assert (execution.block_seconds, execution.max_fee) == (60, 200 * 10**9)
    assert (execution.priority_fee, execution.horizon) == (5 * 10**8, Fraction(30, 365))


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("id = 31337", "id = 1", "the mandate is for chain 1, the address book for chain 31337:"),
        (
            'numeraire = "USDC"',
            'numeraire = "USDD"',
            "there is no token 'USDD' in the address book; did you mean 'USDC'?",
        ),
        (
            "WETH/USDC/500",
            "WETH/USDC/50",
            (
                "there is no market 'uniswap_v3:WETH/USDC/50' in the address book; did you mean "
                "'uniswap_v3:WETH/USDC/500'?"
            ),
        ),
        (
            '"token:WETH"',
            '"token:WETHH"',
            (
                "limits.cap names 'token:WETHH', which is no place, protocol or token of this "
                "mandate; did you mean 'token:WETH'?"
            ),
        ),
        (
            "max_fee_gwei = 200",
            'native = "USDC"',
            "execution.native names USDC, which has 6 decimals; gas is paid in a currency of 18",
        ),
        (
            'name = "mix"',
            'name = "unassigned"',
            "a strategy cannot be named 'unassigned': choose another name",
        ),
        (
            'lenders = ["aave_v3:USDC"]',
            'lenders = ["aave_v3:WETH"]',
            "strategy 'idle' needs aave_v3:WETH, which is no part of this mandate: add its market",
        ),
        (
            "[account]",
            '[feeds]\nWETH = "chainlink:ETH"\n[account]',
            (
                "chainlink:ETH, the price feed of WETH, is not in the address book; name another "
                "under [feeds]: chainlink:USDC, chainlink:WBTC, chainlink:WETH"
            ),
        ),
        (
            "[account]",
            '[feeds]\nWET = "chainlink:WETH"\n[account]',
            "there is no token 'WET' in the address book; did you mean 'WETH'?",
        ),
        ('use = "trimtab.strategies:C', 'use = "nowhere:C', "strategy 'mix': cannot import 'nowh"),
    ],
)
def test_resolve__what_the_book_or_the_mandate_lacks__named(
    desk: Desk, old: str, new: str, words: str
) -> None:
    assert complaint(desk, with_change(old, new)).startswith(words)


def test_resolve__strategy_lends_what_another_sweeps__refused(desk: Desk) -> None:
    text = MANDATE.replace('use = "trimtab.strategies:ConstantMix"', LENDING).replace(WEIGHTS, "")
    assert complaint(desk, text).startswith(
        "strategy 'mix' lends at aave_v3:USDC, where 'idle' places what idles of all: let only"
    )


WEIGHTS = '[strategies.parameters]\nweights = { WETH = "50 %" }'
LENDING = 'use = "trimtab.strategies:LendingYield"\nparameters.lenders = ["aave_v3:USDC"]'


def test_hash__same_values_written_otherwise__the_same() -> None:
    other = with_change('slippage = "1 %"', 'slippage = "1/100" # the same')
    hashes = {mandate_hash(parse_mandate(text, "")) for text in (MANDATE, other)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "old, new",
    [
        ('slippage = "1 %"', 'slippage = "2 %"'),
        ('WETH = "50 %"', 'WETH = "51 %"'),
        ("trimtab.strategies:ConstantMix", "trimtab.strategies:Other"),
    ],
)
def test_hash__any_value_changed__another(old: str, new: str) -> None:
    changed = parse_mandate(with_change(old, new), "")
    assert mandate_hash(changed) != mandate_hash(parse_mandate(MANDATE, ""))


def test_read_mandate__file__its_values_and_its_text(tmp_path: Path) -> None:
    path = tmp_path / "mandate.toml"
    path.write_text(MANDATE)
    assert read_mandate(path) == (parse_mandate(MANDATE, ""), MANDATE)


def test_read_mandate__no_file__says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mandate.toml cannot be read: No such file"):
        read_mandate(tmp_path / "mandate.toml")


def test_read_mandate__no_text__says_so(tmp_path: Path) -> None:
    (tmp_path / "mandate.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        read_mandate(tmp_path / "mandate.toml")


def test_read_mandate__strategy_beside_it__importable(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "of_my_own.py").write_text(OF_MY_OWN)
    text = with_change("trimtab.strategies:ConstantMix", "of_my_own:Mine").replace(WEIGHTS, "")
    (tmp_path / "mandate.toml").write_text(text)
    bot = resolve(read_mandate(tmp_path / "mandate.toml")[0], desk.book, desk.account)
    assert type(bot.seats[0].strategy).__name__ == "Mine"


OF_MY_OWN = """
from dataclasses import dataclass
from trimtab.core.strategy import Decision, Hold, Needs, Strategy, View

@dataclass(frozen=True, slots=True)
class Mine(Strategy):
    needs: Needs = ()

    def decide(self, view: View) -> Decision:
        return Hold("mine")
"""
