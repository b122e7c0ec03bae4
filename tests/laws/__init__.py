"""The adapter law: a protocol joins by one line here."""

from tests.laws import (
    aave_v3,
    aave_v36,
    balancer,
    chainlink,
    curve,
    erc20,
    erc4626,
    flash_loop,
    morpho,
    perpetual,
    staking,
    uniswap_v2,
    uniswap_v3,
)

PORTS = (
    aave_v3.PORT,
    aave_v36.PORT,
    balancer.PORT,
    chainlink.PORT,
    curve.PORT,
    erc20.PORT,
    erc4626.PORT,
    flash_loop.PORT,
    morpho.PORT,
    perpetual.PORT,
    staking.PORT,
    uniswap_v2.PORT,
    uniswap_v3.PORT,
)
