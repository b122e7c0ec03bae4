"""A mandate that is right, and how to make it wrong."""

import pytest

from trimtab.core.errors import ConfigError
from trimtab.mandate import parse_mandate

MANDATE = """
numeraire = "USDC"
markets = ["uniswap_v3:WETH/USDC/500", "aave_v3:USDC"]

[account]
signer = "env:KEY"

[chain]
id = 31337
rpc = ["env:RPC_URL"]

[[strategies]]
name = "mix"
use = "trimtab.strategies:ConstantMix"
share = 0.75
[strategies.parameters]
weights = { WETH = "50 %" }

[[strategies]]
name = "idle"
use = "trimtab.strategies:LendingYield"
sweeps = true
[strategies.parameters]
lenders = ["aave_v3:USDC"]

[limits]
cap = { "token:WETH" = "60 %" }
slippage = "1 %"
state_age = 600

[execution]
fill_tolerance = 0.003
max_fee_gwei = 200
"""


def with_change(old: str, new: str) -> str:
    """The mandate with one thing changed."""
    assert MANDATE.count(old) == 1, old
    return MANDATE.replace(old, new)


def complaint(text: str) -> str:
    """What is said about a mandate that is refused."""
    with pytest.raises(ConfigError) as refused:
        parse_mandate(text, "mandate.toml")
    words = str(refused.value)
    assert words.startswith("mandate.toml")
    return words.removeprefix("mandate.toml").removeprefix(": ")
