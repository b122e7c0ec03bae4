"""The protocols that a mandate may use."""

from typing import cast

from trimtab.core.adapter import Adapters
from trimtab.protocols.aave_v3 import AaveV3Adapter
from trimtab.protocols.aave_v36 import AaveV36Adapter
from trimtab.protocols.balancer import BalancerAdapter
from trimtab.protocols.chainlink import ChainlinkAdapter
from trimtab.protocols.curve import CurveAdapter
from trimtab.protocols.erc20 import Erc20Adapter
from trimtab.protocols.erc4626 import Erc4626Adapter
from trimtab.protocols.flash_loop import FlashLoopAdapter
from trimtab.protocols.morpho import MorphoAdapter
from trimtab.protocols.perpetual import PerpetualAdapter
from trimtab.protocols.staking import StakingAdapter
from trimtab.protocols.uniswap_v2 import UniswapV2Adapter
from trimtab.protocols.uniswap_v3 import UniswapV3Adapter

ADAPTERS = cast(
    Adapters,
    {
        "aave_v3": AaveV3Adapter(),
        "aave_v36": AaveV36Adapter(),
        "balancer": BalancerAdapter(),
        "chainlink": ChainlinkAdapter(),
        "curve": CurveAdapter(),
        "erc20": Erc20Adapter(),
        "erc4626": Erc4626Adapter(),
        "flash_loop": FlashLoopAdapter(),
        "morpho": MorphoAdapter(),
        "perpetual": PerpetualAdapter(),
        "staking": StakingAdapter(),
        "uniswap_v2": UniswapV2Adapter(),
        "uniswap_v3": UniswapV3Adapter(),
    },
)
"""Every adapter by the name of its protocol. Each is bound to its own state; the mapping is not,
since which state goes with which adapter is decided by the market at hand."""
