"""Attacks by tokens: refused when a run is armed, and harmless to all else where they got in.

The harmful token is the world's own WETH with other code: what a token that was admitted can be
upgraded to between two blocks. The manager here looks at no code: admission is circumvented.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from eth_abi.abi import encode

from tests.chain.attack_stage import Attack, attacked, own, undone
from tests.support.command import Done, trimtab
from tests.survival.living import KEY, MANDATE
from tests.survival.manager import Manager
from trimtab.chain.safe import packed
from trimtab.core.abi import Call
from trimtab.core.actions import Swap
from trimtab.core.errors import InvariantViolation
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import Contract, pool_contract, safe_contract

pytestmark = pytest.mark.chain

HONEST, RETURNS_FALSE, KEEPS_A_FEE, LIES_ABOUT_BALANCES, ENTERS_AGAIN = range(5)
KINDS = {
    "returns false": RETURNS_FALSE,
    "keeps a fee": KEEPS_A_FEE,
    "lies about balances": LIES_ABOUT_BALANCES,
    "enters again": ENTERS_AGAIN,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    with attacked(tmp_path_factory.mktemp("hostile")) as attack:
        yield attack


@pytest.fixture
def attack(world: Attack) -> Iterator[Attack]:
    with undone(world) as attack:
        yield attack


def upgraded(attack: Attack) -> Contract:
    """WETH with other code: it keeps all balances, and does no harm until it is told to."""
    weth, built = attack.token("WETH").address, own("HostileToken.sol", "HostileToken")
    held = attack.held(weth)
    attack.world.rpc("anvil_setCode", weth, "0x" + built.runtime_code.hex())
    assert attack.held(weth) == held, "it reads the storage of the plain token"
    return Contract(weth, built.abi)


def harm(
    attack: Attack, token: Contract, kind: int, target: Address = ZERO_ADDRESS, data: bytes = b""
) -> None:
    attack.done(token.call("set", kind, target, data))


def others(attack: Attack) -> dict[str, int]:
    """All of the book that the harmful token is not."""
    reserve = attack.world.deployment.aave_v3.reserves["USDC"]
    block = hex(attack.world.head.number)
    return {
        "USDC": attack.held(attack.token("USDC").address, block=block),
        "aUSDC": attack.held(reserve.a_token, block=block),
    }


# ---------------------------------------------------------------------------------- admission


def armed(attack: Attack, folder: Path) -> Done:
    """`trimtab run --arm` on the world as it is."""
    running = {
        "rpc": attack.node.url,
        "safe": attack.ground.safe,
        "owner": attack.ground.owner,
        "seed": 0,
    }
    file, mandate = folder / "world.json", folder / "mandate.toml"
    file.write_bytes(orjson.dumps({**orjson.loads(attack.ground.deployment), "running": running}))
    mandate.write_text(MANDATE.read_text().replace('"local"', '"env:TRIMTAB_TEST_KEY"', 1))
    return trimtab(
        *("run", str(mandate), "--world", str(file), "--arm", "--blocks", "1"),
        *("--journal", str(folder / "run.sqlite")),
        environment={"TRIMTAB_TEST_KEY": KEY},
    )


def test_attack_token_of_other_code__run_is_not_armed_and_names_it(
    attack: Attack, tmp_path: Path
) -> None:
    token = upgraded(attack)
    attack.world.mine()
    done = armed(attack, tmp_path)
    assert done.code == 2, done.error
    assert "not every market of the mandate is admitted" in done.error
    assert f"erc20:WETH: the token at {token.address} runs code on which no law was" in done.error
    assert not (tmp_path / "run.sqlite").exists()


# ------------------------------------------------------------------------------- it got in


def begun(attack: Attack, tmp_path: Path) -> tuple[Manager, Contract]:
    """A manager that has lived with the other code while it did no harm."""
    token = upgraded(attack)
    manager = attack.begin(tmp_path / "run.sqlite")
    assert manager.errors() == set()
    return manager, token


@pytest.mark.parametrize("name", ["returns false", "keeps a fee"])
def test_attack_token_that_keeps_what_is_moved__nothing_is_signed(
    attack: Attack, tmp_path: Path, name: str
) -> None:
    manager, token = begun(attack, tmp_path)
    harm(attack, token, KINDS[name])
    before = others(attack)
    for _ in range(6):
        manager.turn()
    assert manager.memory.open == ()
    assert manager.memory.quarantined, "the markets that the chain denies are left alone"
    assert others(attack)["USDC"] == before["USDC"]
    assert others(attack)["aUSDC"] >= before["aUSDC"], "interest goes on"
    found = manager.end()
    assert found.failed == 0


@pytest.mark.parametrize("name", ["returns false", "keeps a fee"])
def test_attack_token_turns_harmful_when_the_plan_is_sent__batch_reverts_whole(
    attack: Attack, tmp_path: Path, name: str
) -> None:
    """The harm is ahead of our plan in the very block, so that no simulation saw it."""
    manager, token = begun(attack, tmp_path)
    manager.hold()
    while not _is_swapping(manager):
        manager.turn()
        if manager.memory.open and not _is_swapping(manager):
            manager.release()
    call = token.call("set", KINDS[name], ZERO_ADDRESS, b"")
    attack.waits(attack.attacker, call)
    before, held = others(attack), attack.held(token.address)
    (sent,) = manager.memory.intents
    manager.release()
    manager.node.set()
    manager.turn()
    receipt = attack.world.rpc("eth_getTransactionReceipt", sent.hashes[0])
    assert isinstance(receipt, dict)
    assert receipt["status"] == "0x0"
    assert others(attack)["USDC"] == before["USDC"]
    assert attack.held(token.address) == held
    assert manager.end().failed == 1


def _is_swapping(manager: Manager) -> bool:
    return any(
        isinstance(action, Swap)
        for each in manager.memory.open
        for action in each.pending.plan.actions
    )


def test_attack_token_that_lies_about_balances__halts_and_nothing_is_sent(
    attack: Attack, tmp_path: Path
) -> None:
    manager, token = begun(attack, tmp_path)
    before = others(attack)
    harm(attack, token, LIES_ABOUT_BALANCES, attack.ground.safe)
    sent = manager.memory.intents
    with pytest.raises(InvariantViolation, match="INV-1 conservation"):
        manager.turn()
    assert manager.memory.intents == sent
    assert others(attack)["USDC"] == before["USDC"]
    manager.stop()
    manager.runner.close()


def targets(attack: Attack) -> dict[str, tuple[Address, bytes]]:
    """Where a token may enter again: the Safe, the pool, the batch's own contract."""
    safe, pool = safe_contract(attack.ground.safe), pool_contract(attack.pool.address)
    no_payment = (0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
    owner = bytes(12) + bytes.fromhex(attack.ground.owner[2:]) + bytes(32) + b"\x01"
    usdc = Contract.at(attack.token("USDC").address, ERC20)
    steals = usdc.data("transfer", attack.attacker, 10**9)
    takes = usdc.data("transferFrom", attack.ground.safe, attack.attacker, 10**9)
    return {
        "the Safe": (
            safe.address,
            safe.data("execTransaction", usdc.address, 0, steals, 0, *no_payment, owner),
        ),
        "the pool": (
            pool.address,
            pool.data("swap", attack.attacker, True, 10**15, 4_295_128_740, b""),
        ),
        "the batch": (
            attack.ground.book.multi_send,
            bytes.fromhex("8d80ff0a") + encode(["bytes"], [packed([Call(usdc.address, takes)])]),
        ),
    }


ERC20 = "@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20.sol/MintableERC20.json"


@pytest.mark.parametrize("where", ["the Safe", "the pool", "the batch"])
def test_attack_token_that_enters_again__gets_nothing_by_it(
    attack: Attack, tmp_path: Path, where: str
) -> None:
    manager, token = begun(attack, tmp_path)
    harm(attack, token, ENTERS_AGAIN, *targets(attack)[where])
    usdc = attack.token("USDC").address
    for _ in range(6):
        manager.turn()
    tried, worked = attack.asked(token, "tries")
    assert tried > 0, "a plan moved the token"
    assert worked == 0
    assert attack.held(usdc, attack.attacker) == 0
    found = manager.end()
    assert found.landed > 0
    assert found.failed == 0
