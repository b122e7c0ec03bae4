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
from trimtab.lab.world.credit_world import CREDIT_WORLD
from trimtab.lab.world.demo_world import DEMO_WORLD
from trimtab.lab.world.deploy import LocalWorld, deploy_world, head, local_world
from trimtab.lab.world.deploy_aave_v3 import (
    VARIABLE_RATE,
    aave_pool_contract,
    data_provider_contract,
    oracle_contract,
    rate_strategy_contract,
)
from trimtab.lab.world.deploy_balancer import (
    action_id,
    authorizer_contract,
    fee_provider_contract,
    vault_contract,
    weighted_pool_contract,
)
from trimtab.lab.world.deploy_curve import stable_factory_contract, stable_pool_contract
from trimtab.lab.world.deploy_flash_loop import (
    FLASH_LOOP_COMPILER,
    flash_loop_address,
    flash_loop_artifact,
    flash_loop_contract,
    flash_loop_creation,
)
from trimtab.lab.world.deploy_plan_check import CREATE2_DEPLOYER, SALT, plan_check_artifact
from trimtab.lab.world.deploy_range_minter import (
    range_minter_address,
    range_minter_artifact,
    range_minter_contract,
    range_minter_creation,
)
from trimtab.lab.world.deploy_safe import NewSafe, new_safe, safe_contract
from trimtab.lab.world.deploy_staking import staking_pool_contract
from trimtab.lab.world.deploy_tokens import MULTICALL3, feed_contract, minted, token_contract
from trimtab.lab.world.deploy_uniswap_v2 import (
    pair_contract,
    pair_factory_contract,
    pair_router_contract,
)
from trimtab.lab.world.deploy_uniswap_v3 import (
    factory_contract,
    pool_contract,
    position_manager_contract,
    quoter_contract,
    router_contract,
    tick_lens_contract,
)
from trimtab.lab.world.deploy_vaults import plain_vault_contract
from trimtab.lab.world.deployment import (
    AaveEntry,
    BalancerEntry,
    CurveEntry,
    Deployment,
    FeedEntry,
    PairEntry,
    PairsEntry,
    PoolEntry,
    ReserveEntry,
    SafeEntry,
    StablePoolEntry,
    TokenEntry,
    UniswapEntry,
    WeightedPoolEntry,
)
from trimtab.lab.world.exchange_world import EXCHANGE_WORLD
from trimtab.lab.world.node import Anvil, NodeSpec
from trimtab.lab.world.rpc import NodeRefusal, Rpc
from trimtab.lab.world.spec import (
    DEFAULT_WORLD,
    PRICE_DECIMALS,
    PairSpec,
    PoolSpec,
    PositionSpec,
    RateSpec,
    ReserveSpec,
    StablePoolSpec,
    TokenSpec,
    WeightedPoolSpec,
    WorldSpec,
    laddered,
)
from trimtab.lab.world.spec_vaults import StakeSpec, VaultSpec
from trimtab.lab.world.transactions import (
    Deployer,
    Receipt,
    Transaction,
    mine_block,
    transaction,
)
from trimtab.lab.world.vault_entries import StakeEntry, VaultEntry

__all__ = [
    "CREATE2_DEPLOYER",
    "CREDIT_WORLD",
    "DEFAULT_WORLD",
    "DEMO_WORLD",
    "EXCHANGE_WORLD",
    "FLASH_LOOP_COMPILER",
    "MULTICALL3",
    "PRICE_DECIMALS",
    "SALT",
    "VARIABLE_RATE",
    "AaveEntry",
    "Anvil",
    "Artifact",
    "BalancerEntry",
    "Contract",
    "CurveEntry",
    "Deployer",
    "Deployment",
    "FeedEntry",
    "LocalWorld",
    "NewSafe",
    "NodeRefusal",
    "NodeSpec",
    "PairEntry",
    "PairSpec",
    "PairsEntry",
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
    "StakeEntry",
    "StakeSpec",
    "TokenEntry",
    "TokenSpec",
    "Transaction",
    "UniswapEntry",
    "VaultEntry",
    "VaultSpec",
    "WeightedPoolEntry",
    "WeightedPoolSpec",
    "WorldSpec",
    "aave_pool_contract",
    "action_id",
    "artifact",
    "authorizer_contract",
    "compiled",
    "contracts_directory",
    "created2_address",
    "created_address",
    "data_provider_contract",
    "deploy_world",
    "factory_contract",
    "fee_provider_contract",
    "feed_contract",
    "flash_loop_address",
    "flash_loop_artifact",
    "flash_loop_contract",
    "flash_loop_creation",
    "head",
    "laddered",
    "local_world",
    "mine_block",
    "minted",
    "new_safe",
    "oracle_contract",
    "package",
    "pair_contract",
    "pair_factory_contract",
    "pair_router_contract",
    "plain_vault_contract",
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
    "staking_pool_contract",
    "tick_lens_contract",
    "token_contract",
    "transaction",
    "vault_contract",
    "weighted_pool_contract",
    "world_directory",
]
