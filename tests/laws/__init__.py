"""The adapter law: a protocol joins by one line here."""

from tests.laws import chainlink, erc20

PORTS = (chainlink.PORT, erc20.PORT)
