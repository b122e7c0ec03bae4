"""The adapter law: a protocol joins by one line here."""

from tests.laws import chainlink, erc20, uniswap_v3

PORTS = (chainlink.PORT, erc20.PORT, uniswap_v3.PORT)
