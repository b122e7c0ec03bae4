"""PlanCheck, our own contract, at the address that it has on every chain."""

from trimtab.core.abi import Call
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import created2_address
from trimtab.lab.world.transactions import Deployer

CREATE2_DEPLOYER = Address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""Creates a contract, by CREATE2, of a salt and the code after it, for anyone. It is on most public
chains at this address. Source: Arachnid/deterministic-deployment-proxy; the node has it."""

SALT = bytes(32)


def plan_check_artifact() -> Artifact:
    """PlanCheck, compiled from its source."""
    return compiled(contracts_directory(), "PlanCheck.sol", "PlanCheck")


def deploy_plan_check(deployer: Deployer) -> Address:
    """Queue the creation of PlanCheck and return its address, which no one can choose."""
    code = plan_check_artifact().creation_code({})
    deployer.send(Call(CREATE2_DEPLOYER, SALT + code), "creation of PlanCheck")
    return created2_address(CREATE2_DEPLOYER, SALT, code)
