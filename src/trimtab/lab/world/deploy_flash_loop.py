"""FlashLoop, our own contract, at the address that the factory of its pools gives it."""

from trimtab.core.abi import Call, word
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory
from trimtab.lab.world.compile import Compiler, compiled
from trimtab.lab.world.contracts import Contract, created2_address
from trimtab.lab.world.deploy_plan_check import CREATE2_DEPLOYER, SALT
from trimtab.lab.world.transactions import Deployer

FLASH_LOOP_COMPILER = Compiler(evm_version="cancun")
"""What FlashLoop is compiled by: it needs transient storage, which Cancun was the first to have."""


def flash_loop_artifact() -> Artifact:
    """FlashLoop, compiled from its source."""
    return compiled(contracts_directory(), "FlashLoop.sol", "FlashLoop", FLASH_LOOP_COMPILER)


def flash_loop_creation(factory: Address) -> bytes:
    """The code that creates the FlashLoop of a factory's pools."""
    return flash_loop_artifact().creation_code({}) + word(factory)


def flash_loop_address(factory: Address) -> Address:
    """Where the deterministic deployer, given salt 0, puts the FlashLoop of a factory's pools."""
    return created2_address(CREATE2_DEPLOYER, SALT, flash_loop_creation(factory))


def deploy_flash_loop(deployer: Deployer, factory: Address) -> Address:
    """Queue the creation of the FlashLoop of a factory's pools and return its address."""
    call = Call(CREATE2_DEPLOYER, SALT + flash_loop_creation(factory))
    deployer.send(call, "creation of FlashLoop")
    return flash_loop_address(factory)


def flash_loop_contract(address: Address) -> Contract:
    """The FlashLoop at an address."""
    return Contract(address, flash_loop_artifact().abi)
