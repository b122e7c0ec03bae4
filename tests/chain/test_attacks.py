"""Attacks on a manager that runs: foreign transactions of its Safe, dust, and a held plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from tests.chain.attack_stage import Attack, attacked, own, undone
from tests.survival.living import KEY
from tests.survival.manager import Manager
from trimtab.chain.fees import Fees
from trimtab.chain.safe import Safe
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer, Transaction
from trimtab.core.abi import Call, word
from trimtab.core.actions import Action, Swap
from trimtab.core.bounds import Bounds
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import aave_pool_contract, safe_contract, token_contract, transaction

pytestmark = pytest.mark.chain

NO_PAYMENT = (0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
DUST = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """A world in which the Safe has a second owner, who may sign alone as well."""
    with attacked(tmp_path_factory.mktemp("attacks")) as attack:
        _add_owner(attack, attack.world.deployment.agents[3])
        yield attack


@pytest.fixture
def attack(world: Attack) -> Iterator[Attack]:
    with undone(world) as attack:
        yield attack


def _add_owner(attack: Attack, owner: Address) -> None:
    signer, ground = Signer(Secret(KEY)), attack.ground
    safe = Safe(ground.safe, signer.address, ground.book.multi_send, ground.book.plan_check)
    add = Call(ground.safe, safe_contract(ground.safe).data("addOwnerWithThreshold", owner, 1))
    call = safe.execution([add], Bounds(Timestamp(2**40)))
    chain, fees = ground.book.chain, Fees(10**12, 0)
    raw = signer.sign(Transaction(chain, 0, call.to, call.data, 0, 500_000, fees)).raw
    attack.world.rpc("eth_sendRawTransaction", "0x" + raw.hex())
    attack.world.mine()
    assert attack.asked(safe_contract(ground.safe), "isOwner", owner) is True


# ----------------------------------------------------------- foreign transactions of the Safe


def by_another_owner(attack: Attack, call: Call, later: int) -> tuple[Address, Call]:
    """What another owner makes the Safe do: they send it themselves."""
    owner = attack.world.deployment.agents[3]
    return owner, _executed(attack, call, word(owner) + bytes(32) + b"\x01")


def by_an_old_signature(attack: Attack, call: Call, later: int) -> tuple[Address, Call]:
    """What the manager's own key once signed, sent by a stranger when its turn has come.

    `later` is how many transactions of the Safe come before it.
    """
    safe = safe_contract(attack.ground.safe)
    nonce = attack.asked(safe, "nonce")
    assert isinstance(nonce, int)
    hashed = attack.asked(
        *(safe, "getTransactionHash", call.to, 0, call.data, 0),
        *(*NO_PAYMENT, nonce + later),
    )
    assert isinstance(hashed, bytes)
    signed = Account.unsafe_sign_hash(hashed, "0x" + KEY)
    signature = word(signed.r) + word(signed.s) + bytes([signed.v])
    return attack.world.deployment.agents[4], _executed(attack, call, signature)


def _executed(attack: Attack, call: Call, signature: bytes) -> Call:
    safe = safe_contract(attack.ground.safe)
    return safe.call("execTransaction", call.to, 0, call.data, 0, *NO_PAYMENT, signature)


@pytest.mark.parametrize("taken", ["nothing", "half of what a bound asks for"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("by", [by_another_owner, by_an_old_signature])
def test_attack_foreign_safe_transaction__our_plan_lands_whole_or_reverts_whole(
    attack: Attack, tmp_path: Path, by: Any, when: str, taken: str
) -> None:
    """It is one transaction beside ours in a block, and what it takes is not our loss to tell."""
    manager = attack.begin(tmp_path / "run.sqlite")
    manager.hold()
    while not manager.memory.open:
        manager.turn()
    (plan,) = (each.pending.plan for each in manager.memory.open)
    bound = plan.bounds.balances[0]
    token = token_contract(bound.token.address)
    raw = 0 if taken == "nothing" else attack.held(bound.token.address) // 2
    call = Call(token.address, token.data("transfer", attack.attacker, raw))
    sender, foreign = by(attack, call, 0 if when == "before" else 1)
    if when == "after":
        manager.release()
    hash_ = attack.waits(sender, foreign)
    manager.release()
    manager.node.set()
    (sent,) = manager.memory.intents
    before = manager.memory
    manager.turn()
    assert _status(attack, hash_) == 1, "the foreign transaction has its way"
    is_robbed = when == "before" and raw > 0
    assert _status(attack, sent.hashes[0]) == (0 if is_robbed else 1)
    assert sent.nonce not in {each.nonce for each in manager.memory.intents}, "it is settled"
    assert before.ledger is not None
    assert before.moment is not None
    assert manager.memory.ledger is not None
    assert manager.memory.moment is not None
    brought = manager.memory.ledger.external - before.ledger.external
    assert brought == -raw * before.moment.prices.price(bound.token)
    assert manager.memory.breakers == {}
    for _ in range(3):
        manager.turn()
    assert manager.errors() == set(), "no block is skipped"
    found = manager.end()
    assert found.failed == int(is_robbed)


def _status(attack: Attack, hash_: str) -> int:
    receipt = attack.world.rpc("eth_getTransactionReceipt", hash_)
    assert isinstance(receipt, dict), "it was not mined"
    return int(str(receipt["status"]), 16)


# -------------------------------------------------------------------------------------- dust


def spray(attack: Attack, times: int) -> None:
    """A thousand tokens that the mandate does not know, one unit of each for the account."""
    sprayer = attack.created(own("Sprayer.sol", "Sprayer"))
    attack.done(*[sprayer.call("spray", attack.ground.safe, 1000 // times)] * times)
    assert attack.asked(sprayer, "made") == 1000


def known(attack: Attack) -> None:
    """Dust of what the mandate knows: two tokens, and one that is supplied on our behalf."""
    safe, usdc = attack.ground.safe, attack.token("USDC")
    pool = aave_pool_contract(attack.world.deployment.aave_v3.pool)
    approve = token_contract(usdc.address).call("approve", pool.address, DUST)
    given = attack.world.funding(attack.attacker, "USDC", DUST)
    receipts = attack.world.mine(
        given,
        transaction(attack.attacker, approve),
        transaction(attack.attacker, pool.call("supply", usdc.address, DUST, safe, 0)),
        *(attack.world.funding(safe, symbol, DUST) for symbol in ("USDC", "WETH")),
    )
    assert all(receipt.ok for receipt in receipts)


def lived(attack: Attack, journal: Path, act: Any) -> tuple[Manager, list[Plan], Counter[str]]:
    """What a manager plans, and what it asks a node for, over the blocks after an act."""
    manager = attack.begin(journal)
    at = attack.world.head.timestamp
    act(attack)
    while attack.world.head.timestamp < at + 120:
        manager.mine()
    manager.live()
    attack.node.asked.clear()
    plans: list[Plan] = []
    for _ in range(6):
        manager.turn()
        plans += [each.pending.plan for each in manager.memory.open]
    return manager, plans, Counter(each.method for each in attack.node.asked)


def economic(action: Action) -> Action:
    """An action but for its moment, which is another where blocks were mined for the dust."""
    return replace(action, deadline=Timestamp(0)) if isinstance(action, Swap) else action


def test_attack_dust_in_a_thousand_tokens__same_plans_and_no_more_work(
    world: Attack, tmp_path: Path
) -> None:
    with undone(world) as attack:
        quiet, expected, usual = lived(attack, tmp_path / "quiet.sqlite", lambda _: None)
        assert quiet.end().landed > 0
    with undone(world) as attack:
        dusted, plans, asked = lived(attack, tmp_path / "dusted.sqlite", lambda a: spray(a, 2))
        found = dusted.end()
    assert plans
    assert [list(map(economic, each.actions)) for each in plans] == [
        list(map(economic, each.actions)) for each in expected
    ]
    assert asked == usual, "not one question more"
    assert found.memory.breakers.keys() == {"operator"}
    assert found.memory.ledger is not None
    assert found.memory.ledger.external == 0, "of what is not known nothing is told"


def test_attack_dust_of_every_known_token__is_anothers_and_moves_plans_by_no_more(
    world: Attack, tmp_path: Path
) -> None:
    with undone(world) as attack:
        quiet, expected, usual = lived(attack, tmp_path / "quiet.sqlite", lambda _: None)
        quiet.end()
    with undone(world) as attack:
        dusted, plans, asked = lived(attack, tmp_path / "dusted.sqlite", known)
        moment = dusted.memory.moment
        found = dusted.end()
    assert moment is not None
    assert found.memory.ledger is not None
    usdc, weth = (moment.prices.price(world.token(symbol)) for symbol in ("USDC", "WETH"))
    told = found.memory.ledger.external
    assert 2 * DUST * usdc - 1 <= told - DUST * weth <= 2 * DUST * usdc, "what was lent is rounded"
    assert [[type(a) for a in each.actions] for each in plans] == [
        [type(a) for a in each.actions] for each in expected
    ]
    for ours, quietly in zip(plans, expected, strict=True):
        for one, other in zip(ours.actions, quietly.actions, strict=True):
            for name in ("amount", "amount_in"):
                here, there = getattr(one, name, 0), getattr(other, name, 0)
                assert abs(here - there) <= 1 + there // 10**9, f"{name} of {one}"
    assert asked == usual
    assert found.memory.breakers.keys() == {"operator"}


# ---------------------------------------------------------------------------- a plan held back


@pytest.mark.parametrize(
    "move, lands",
    [(Fraction(1, 500), True), (Fraction(1, 20), False)],
    ids=["within the tolerance", "beyond it"],
)
def test_attack_plan_held_until_the_price_moved__costs_no_more_than_its_bounds(
    attack: Attack, tmp_path: Path, move: Fraction, lands: bool
) -> None:
    """A relay keeps the plan, the pool is moved against it, then it is let go in time."""
    attack.equip("USDC", "WETH")
    manager = attack.begin(tmp_path / "run.sqlite")
    manager.hold()
    while not manager.memory.open:
        manager.turn()
    (plan,) = (each.pending.plan for each in manager.memory.open)
    (swap,) = (each for each in plan.actions if isinstance(each, Swap))
    down = swap.token_in == attack.pool.token0  # selling token0 lowers the price, and so do they
    factor = 1 - move / 2 if down else 1 + move / 2
    attack.waits(attack.attacker, attack.pushing(int(attack.price() * factor), is_down=down))
    manager.release(first=True)
    manager.node.set()
    (sent,) = manager.memory.intents
    block = attack.world.head.number
    sold, bought = (token.address for token in (swap.token_in, swap.token_out))
    manager.turn()
    assert _status(attack, sent.hashes[0]) == int(lands)
    changes = [
        attack.held(each, block=hex(block + 1)) - attack.held(each, block=hex(block))
        for each in (sold, bought)
    ]
    if lands:
        lent = sum(_placed(each, sold) for each in plan.actions)
        back = sum(_placed(each, bought) for each in plan.actions)
        assert changes[0] == lent - swap.amount_in
        assert changes[1] - back >= swap.min_out, "never less than the worst fill"
    else:
        assert changes == [0, 0]
    assert manager.end().failed == int(not lands)


def _placed(action: Action, token: Address) -> int:
    """What a plan takes out of a lender, less what it puts in, of a token."""
    name, raw = type(action).__name__, getattr(action, "amount", 0)
    held = getattr(action, "token", None)
    if held is None or held.address != token or name not in ("Supply", "Withdraw"):
        return 0
    assert isinstance(raw, int)
    return raw if name == "Withdraw" else -raw
