"""`check` on a chain that runs: who can move the funds is what the chain says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import ROOT
from trimtab.app.check import checked, in_words
from trimtab.app.resolve import read_mandate
from trimtab.core.abi import word
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import LocalWorld, local_world, transaction
from trimtab.lab.world.deploy_safe import safe_contract

pytestmark = pytest.mark.chain

MANDATE = read_mandate(ROOT / "examples" / "mandate.toml")[0]


@dataclass(frozen=True, slots=True)
class Ground:
    world: LocalWorld
    safe: Address
    owner: Address
    file: Path


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with local_world() as world:
        owner = world.deployment.agents[0]
        made = world.new_safe(owner)
        world.mine(transaction(owner, made.creation))
        running = {"rpc": world.node.url, "safe": made.address, "owner": owner, "seed": 0}
        file = tmp_path / "world.json"
        content = json.loads(world.deployment.to_json())
        file.write_text(json.dumps({**content, "running": running}))
        yield Ground(world, made.address, owner, file)


def test_check__module_and_second_owner__told_instead_of_an_only_owner(ground: Ground) -> None:
    contract = safe_contract(ground.safe)
    other, module = ground.world.deployment.agents[1:3]
    signature = word(ground.owner) + bytes(32) + b"\x01"
    for data in (
        contract.data("addOwnerWithThreshold", other, 1),
        contract.data("enableModule", module),
    ):
        no_payment = (0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
        call = contract.call("execTransaction", ground.safe, 0, data, 0, *no_payment, signature)
        (receipt,) = ground.world.mine(transaction(ground.owner, call))
        assert receipt.ok
    told = checked(MANDATE, ground.file)
    custody = told["custody"]
    assert isinstance(custody, dict)
    assert custody["account"] == "a Safe, 1 of 2"
    assert set(custody["owners"]) == {ground.owner, other}
    assert custody["modules"] == [f"{module}: can move everything by itself, with no owner"]
    assert "any of 2 keys can send what the Safe holds anywhere" in str(told["stolen_key"])
    assert module in in_words(told)


def test_check__token_of_other_code__not_admitted(ground: Ground) -> None:
    weth = ground.world.deployment.token("WETH").address
    code = str(ground.world.rpc("eth_getCode", weth, "latest"))
    ground.world.rpc("anvil_setCode", weth, code[:1000] + "5b" + code[1002:])
    ground.world.mine()
    admission = checked(MANDATE, ground.file)["admission"]
    assert isinstance(admission, dict)
    assert "runs code on which no law was proven" in admission["erc20:WETH"]
    assert admission["erc20:USDC"] == "proven on bytecode"


def test_check__node_that_is_gone__says_that_nothing_is_known(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with local_world() as world:
        owner = world.deployment.agents[0]
        running = {"rpc": world.node.url, "safe": owner, "owner": owner, "seed": 0}
        content = json.loads(world.deployment.to_json())
        file.write_text(json.dumps({**content, "running": running}))
    told = checked(MANDATE, file)
    assert told["custody"] == {"account": "not known: the chain did not answer"}
    assert str(told["stolen_key"]).startswith("not known, since the chain did not answer")
