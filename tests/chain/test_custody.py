"""Who can move what an account holds, on real Safes in a real node."""

import asyncio
from collections.abc import Iterator

import pytest

from trimtab.chain import custody as module
from trimtab.chain.blocks import head
from trimtab.chain.custody import Custody, Foreign, Key, Shared, custody
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.abi import word
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.lab.world import LocalWorld, local_world, transaction
from trimtab.lab.world.deploy_safe import safe_contract

pytestmark = pytest.mark.chain

NAME = "SafeL2 (@safe-global/safe-contracts 1.4.1)"
STRANGERS = [address("0x" + f"{number:040x}") for number in range(101, 108)]
SENTINEL = address("0x" + "1".zfill(40))


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[LocalWorld, Address]]:
    with local_world() as world:
        made = world.new_safe(world.deployment.agents[0])
        (receipt,) = world.mine(transaction(world.deployment.agents[0], made.creation))
        assert receipt.ok
        yield world, made.address


@pytest.fixture
def stage(deployed: tuple[LocalWorld, Address]) -> Iterator[tuple[LocalWorld, Address]]:
    snapshot = deployed[0].rpc("evm_snapshot")
    yield deployed
    assert deployed[0].rpc("evm_revert", snapshot)


def found(world: LocalWorld, account: Address) -> Custody:
    async def scene() -> Custody:
        rpc = Rpc(RpcUrl(world.node.url), world.deployment.chain)
        try:
            return await custody(rpc, account, await head(rpc, "latest"))
        finally:
            await rpc.close()

    return asyncio.run(scene())


def govern(world: LocalWorld, safe: Address, function: str, *arguments: object) -> None:
    """What the owner makes the Safe do to itself."""
    contract, owner = safe_contract(safe), world.deployment.agents[0]
    signature = word(owner) + bytes(32) + b"\x01"
    no_payment = (0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
    call = contract.call(
        "execTransaction",
        *(safe, 0, contract.data(function, *arguments), 0),
        *(*no_payment, signature),
    )
    (receipt,) = world.mine(transaction(owner, call))
    assert receipt.ok, receipt.error


def test_custody__new_safe__one_owner_and_known_code(stage: tuple[LocalWorld, Address]) -> None:
    world, safe = stage
    assert found(world, safe) == Shared(
        account=safe,
        code=NAME,
        owners=(world.deployment.agents[0],),
        threshold=1,
        modules=(),
        guard=None,
        fallback_handler=world.deployment.safe.fallback_handler,
    )


def test_custody__other_owner_and_threshold__told(stage: tuple[LocalWorld, Address]) -> None:
    world, safe = stage
    govern(world, safe, "addOwnerWithThreshold", STRANGERS[0], 2)
    told = found(world, safe)
    assert isinstance(told, Shared)
    assert set(told.owners) == {world.deployment.agents[0], STRANGERS[0]}
    assert told.threshold == 2


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("page", [2, 50])
def test_custody__modules__all_of_them_whatever_the_page(
    stage: tuple[LocalWorld, Address], count: int, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, safe = stage
    monkeypatch.setattr(module, "_PAGE", page)
    for each in STRANGERS[:count]:
        govern(world, safe, "enableModule", each)
    told = found(world, safe)
    assert isinstance(told, Shared)
    assert sorted(told.modules) == sorted(STRANGERS[:count])


def test_custody__more_modules_than_are_read__not_known(
    stage: tuple[LocalWorld, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, safe = stage
    monkeypatch.setattr(module, "_PAGE", 1)
    monkeypatch.setattr(module, "_MOST_PAGES", 2)
    for each in STRANGERS[:3]:
        govern(world, safe, "enableModule", each)
    told = found(world, safe)
    assert isinstance(told, Foreign)
    assert "no end of modules" in told.why


def test_custody__module_taken_away__no_longer_told(stage: tuple[LocalWorld, Address]) -> None:
    world, safe = stage
    govern(world, safe, "enableModule", STRANGERS[0])
    govern(world, safe, "disableModule", SENTINEL, STRANGERS[0])
    told = found(world, safe)
    assert isinstance(told, Shared)
    assert told.modules == ()


def test_custody__guard_and_handler__told(stage: tuple[LocalWorld, Address]) -> None:
    world, safe = stage
    govern(world, safe, "setFallbackHandler", ZERO_ADDRESS)
    guard_slot = "0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8"
    world.rpc("anvil_setStorageAt", safe, guard_slot, "0x" + word(STRANGERS[1]).hex())
    world.mine()
    told = found(world, safe)
    assert isinstance(told, Shared)
    assert (told.guard, told.fallback_handler) == (STRANGERS[1], None)


def test_attack_safe_s_code_behind_the_proxy_replaced__not_called_known(
    stage: tuple[LocalWorld, Address],
) -> None:
    """Whoever stands behind the proxy answers what it likes: its name is no proof."""
    world, safe = stage
    code = str(world.rpc("eth_getCode", world.deployment.safe.singleton, "latest"))
    copy = STRANGERS[2]
    world.rpc("anvil_setCode", copy, code[:-200] + "00" + code[-198:])
    world.rpc("anvil_setStorageAt", safe, "0x0", "0x" + word(copy).hex())
    world.mine()
    told = found(world, safe)
    assert isinstance(told, Shared)
    assert told.code is None


def test_custody__account_without_code__its_key(stage: tuple[LocalWorld, Address]) -> None:
    world, _ = stage
    assert found(world, STRANGERS[3]) == Key(STRANGERS[3])


def test_custody__another_contract__not_known(stage: tuple[LocalWorld, Address]) -> None:
    world, _ = stage
    told = found(world, world.deployment.aave_v3.pool)
    assert isinstance(told, Foreign)
    assert told.why.startswith("getOwners does not answer as a Safe's")
