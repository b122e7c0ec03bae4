"""The local world: a chain of our own with the real contracts on it.

`local_world` starts one from a `WorldSpec`; its `Deployment` says where everything is.
"""

from trimtab.lab.world.artifacts import (
    Artifact,
    artifact,
    contracts_directory,
    package,
    world_directory,
)
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import (
    Contract,
    Query,
    created2_address,
    created_address,
    read,
    read_all,
    reason,
)
from trimtab.lab.world.deploy import LocalWorld, deploy_world, head, local_world
from trimtab.lab.world.deploy_aave_v3 import (
    VARIABLE_RATE,
    aave_pool_contract,
    data_provider_contract,
    oracle_contract,
    rate_strategy_contract,
)
from trimtab.lab.world.deploy_curve import stable_factory_contract, stable_pool_contract
from trimtab.lab.world.deploy_plan_check import CREATE2_DEPLOYER, SALT, plan_check_artifact
from trimtab.lab.world.deploy_range_minter import (
    range_minter_address,
    range_minter_artifact,
    range_minter_contract,
    range_minter_creation,
)
from trimtab.lab.world.deploy_safe import NewSafe, new_safe, safe_contract
from trimtab.lab.world.deploy_tokens import MULTICALL3, feed_contract, minted, token_contract
from trimtab.lab.world.deploy_uniswap_v3 import (
    factory_contract,
    pool_contract,
    position_manager_contract,
    quoter_contract,
    router_contract,
    tick_lens_contract,
)
from trimtab.lab.world.deployment import (
    AaveEntry,
    CurveEntry,
    Deployment,
    FeedEntry,
    PoolEntry,
    ReserveEntry,
    SafeEntry,
    StablePoolEntry,
    TokenEntry,
    UniswapEntry,
)
from trimtab.lab.world.node import Anvil, NodeSpec
from trimtab.lab.world.rpc import NodeRefusal, Rpc
from trimtab.lab.world.spec import (
    DEFAULT_WORLD,
    EXCHANGE_WORLD,
    PRICE_DECIMALS,
    PoolSpec,
    PositionSpec,
    RateSpec,
    ReserveSpec,
    StablePoolSpec,
    TokenSpec,
    WorldSpec,
    laddered,
)
from trimtab.lab.world.transactions import (
    Deployer,
    Receipt,
    Transaction,
    mine_block,
    transaction,
)

__all__ = [
    "CREATE2_DEPLOYER",
    "DEFAULT_WORLD",
    "EXCHANGE_WORLD",
    "MULTICALL3",
    "PRICE_DECIMALS",
    "SALT",
    "VARIABLE_RATE",
    "AaveEntry",
    "Anvil",
    "Artifact",
    "Contract",
    "CurveEntry",
    "Deployer",
    "Deployment",
    "FeedEntry",
    "LocalWorld",
    "NewSafe",
    "NodeRefusal",
    "NodeSpec",
    "PoolEntry",
    "PoolSpec",
    "PositionSpec",
    "Query",
    "RateSpec",
    "Receipt",
    "ReserveEntry",
    "ReserveSpec",
    "Rpc",
    "SafeEntry",
    "StablePoolEntry",
    "StablePoolSpec",
    "TokenEntry",
    "TokenSpec",
    "Transaction",
    "UniswapEntry",
    "WorldSpec",
    "aave_pool_contract",
    "artifact",
    "compiled",
    "contracts_directory",
    "created2_address",
    "created_address",
    "data_provider_contract",
    "deploy_world",
    "factory_contract",
    "feed_contract",
    "head",
    "laddered",
    "local_world",
    "mine_block",
    "minted",
    "new_safe",
    "oracle_contract",
    "package",
    "plan_check_artifact",
    "pool_contract",
    "position_manager_contract",
    "quoter_contract",
    "range_minter_address",
    "range_minter_artifact",
    "range_minter_contract",
    "range_minter_creation",
    "rate_strategy_contract",
    "read",
    "read_all",
    "reason",
    "router_contract",
    "safe_contract",
    "stable_factory_contract",
    "stable_pool_contract",
    "tick_lens_contract",
    "token_contract",
    "transaction",
    "world_directory",
]
