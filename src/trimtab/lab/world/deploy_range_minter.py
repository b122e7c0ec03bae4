"""RangeMinter, our own contract, at the address that the factory of its pools gives it."""

from trimtab.core.abi import Call, word
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import Contract, created2_address
from trimtab.lab.world.deploy_plan_check import CREATE2_DEPLOYER, SALT
from trimtab.lab.world.transactions import Deployer


def range_minter_artifact() -> Artifact:
    """RangeMinter, compiled from its source."""
    return compiled(contracts_directory(), "RangeMinter.sol", "RangeMinter")


def range_minter_creation(factory: Address) -> bytes:
    """The code that creates the minter of a factory's pools."""
    return range_minter_artifact().creation_code({}) + word(factory)


def range_minter_address(factory: Address) -> Address:
    """Where the deterministic deployer, given salt 0, puts the minter of a factory's pools."""
    return created2_address(CREATE2_DEPLOYER, SALT, range_minter_creation(factory))


def deploy_range_minter(deployer: Deployer, factory: Address) -> Address:
    """Queue the creation of the minter of a factory's pools and return its address."""
    call = Call(CREATE2_DEPLOYER, SALT + range_minter_creation(factory))
    deployer.send(call, "creation of RangeMinter")
    return range_minter_address(factory)


def range_minter_contract(address: Address) -> Contract:
    """The minter at an address."""
    return Contract(address, range_minter_artifact().abi)
