import pytest

from tests.unit.mandate.examples import MANDATE, complaint, with_change
from trimtab.mandate import parse_mandate

NO_STRATEGIES = MANDATE[: MANDATE.index("[[strategies]]")].replace(
    "markets", "strategies = []\nmarkets", 1
)


@pytest.mark.parametrize(
    "old, new, words",
    [
        (
            '"token:WETH" = "60 %"',
            '"token:WETH" = "-60 %"',
            '`limits.cap."token:WETH"` is -0.6, expected 0 to 1, such as "35 %"',
        ),
        ('slippage = "1 %"', "slippage = 2", "`limits.slippage` is 2, expected 0 to 1"),
        ("state_age = 600", "state_age = 0", "`limits.state_age` is 0, expected 1 or more seconds"),
        (
            "state_age = 600",
            "turnover_per_day = -1",
            "`limits.turnover_per_day` is -1, expected 0 or more: 1 lets the whole book be sold",
        ),
        ("state_age = 600", "minimum_idle = 1.5", "`limits.minimum_idle` is 1.5, expected 0 to 1"),
        ("state_age = 600", "health = 0.99", "`limits.health` is 0.99, expected 1 or more"),
        ("state_age = 600", "gas_per_day = 0", "`limits.gas_per_day` is 0, expected more than 0"),
        ("state_age = 600", "max_equity = 0", "`limits.max_equity` is 0, expected 1 or more whole"),
        ('["env:RPC_URL"]', "[]", "`chain.rpc` names no node: give at least one, such as `env:RPC"),
        ('["env:RPC_URL"]', '[""]', "`chain.rpc` names no node: give at least one"),
        ("id = 31337", "id = 0", "`chain.id` is 0, expected 1 or more"),
        ("id = 31337", "cadence = 0", "`chain.cadence` is 0, expected 1 or more blocks"),
        ("id = 31337", "block_seconds = 0", "`chain.block_seconds` is 0, expected 1 or more"),
        ("id = 31337", "deadline_blocks = -1", "`chain.deadline_blocks` is -1, expected 1 or more"),
        (
            "fill_tolerance = 0.003",
            'fill_tolerance = "1 %"',
            "`execution.fill_tolerance` is 0.01 and `limits.slippage` 0.01: no swap could keep",
        ),
        (
            "max_fee_gwei = 200",
            "horizon_days = 0",
            "`execution.horizon_days` is 0, expected 1 or more days",
        ),
        (
            "max_fee_gwei = 200",
            "max_fee_gwei = 0\npriority_fee_gwei = 0",
            "`execution.max_fee_gwei` is 0, expected 1 or more gwei",
        ),
        (
            "max_fee_gwei = 200",
            "priority_fee_gwei = 201",
            "`execution.priority_fee_gwei` is 201, expected 0 to `max_fee_gwei`, which is 200",
        ),
    ],
)
def test_mandate__number_out_of_range__named_with_what_is_expected(
    old: str, new: str, words: str
) -> None:
    assert complaint(with_change(old, new)).startswith(words)


@pytest.mark.parametrize(
    "old, new, words",
    [
        (
            "share = 0.75",
            "share = 1.2",
            "the strategies' shares sum to 1.2, expected more than 0 and at most 1: correct",
        ),
        ("share = 0.75", "share = -0.1", "strategy 'mix' has a share of -0.1, expected 0 to 1"),
        (
            "share = 0.75",
            "",
            "strategy 'mix' has no capital: give it a `share`, or `sweeps = true`",
        ),
        ("share = 0.75", "sweeps = true", "'mix', 'idle' sweep, at most one strategy may"),
        (
            "sweeps = true",
            "sweeps = true\nshare = 0.1",
            "strategy 'idle' sweeps, so it has no share of its own: remove `share` or `sweeps`",
        ),
        (
            'name = "idle"',
            'name = "mix"',
            "more than one strategy is named 'mix': give each a name",
        ),
    ],
)
def test_mandate__strategies_that_do_not_go_together__refused(
    old: str, new: str, words: str
) -> None:
    assert complaint(with_change(old, new)).startswith(words)


def test_mandate__no_strategy__says_to_add_one() -> None:
    assert complaint(NO_STRATEGIES) == "it names no strategy: add one under [[strategies]]"


def test_mandate__no_market__says_to_name_one() -> None:
    changed = with_change('["uniswap_v3:WETH/USDC/500", "aave_v3:USDC"]', "[]")
    assert complaint(changed) == "`markets` is empty: name at least one"


def test_mandate__market_named_twice__refused() -> None:
    changed = with_change(
        '"aave_v3:USDC"]\n\n[account]', '"aave_v3:USDC", "aave_v3:USDC"]\n[account]'
    )
    assert complaint(changed) == "`markets` names 'aave_v3:USDC' more than once: keep one"


def test_mandate__several_mistakes__all_said_at_once() -> None:
    changed = with_change("state_age = 600", "state_age = 0\nminimum_idle = 2")
    assert [line.split()[0] for line in complaint(changed).splitlines()] == [
        "`limits.minimum_idle`",
        "`limits.state_age`",
    ]


@pytest.mark.parametrize("share", ["1", '"25 %"', "0.000001"])
def test_mandate__shares_up_to_the_whole__accepted(share: str) -> None:
    parse_mandate(with_change("share = 0.75", f"share = {share}"), "mandate.toml")
