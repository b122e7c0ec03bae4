"""The law of vaults that are not plain, who is refused, and the attack on whoever comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.erc4626 import PORT
from tests.laws.law import Tally, check_case, read_states
from tests.laws.machines import fund
from tests.laws.vault_edges import SOURCE
from tests.support import evm
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    MintShares,
    RedeemShares,
    Supply,
    Transfer,
    Withdraw,
)
from trimtab.core.adapter import Question, accrue, apply
from trimtab.core.errors import DataError, StaleState
from trimtab.core.market import Accounts, Head, Market, State, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.lab.world import DEFAULT_WORLD, Deployer, compiled, local_world
from trimtab.lab.world.spec_vaults import VaultSpec
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.erc4626 import Erc4626Adapter, Vault

pytestmark = pytest.mark.chain

CASES, STEPS, MOMENTS = 300, 20, 3
DAY = 86_400
SMALL = replace(
    DEFAULT_WORLD, reserves=(), pools=(), vaults=(VaultSpec("v", "USDC"), VaultSpec("f", "USDC", 6))
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Vaults of one token by name, of which some are not plain, and funded owners."""

    machine: evm.Evm
    token: Erc20
    vaults: dict[str, Vault]
    owners: tuple[Address, ...]

    def read(self, *names: str) -> tuple[States, Accounts]:
        """The states of these vaults and of their token, as the machine has them now."""
        markets: tuple[Market[State], ...] = (self.token, *(self.vaults[each] for each in names))
        accounts = tracked(self.owners, markets)
        return read_states(self.machine, ADAPTERS, markets, accounts), accounts


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("vaults")
    (folder / "Odd.sol").write_text(SOURCE)
    with local_world(SMALL) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world of vaults")
        usdc = book.token("USDC")
        deployer = Deployer(world.rpc, world.deployment.deployer)
        odd = {
            name: deployer.create(compiled(folder, "Odd.sol", name), usdc.address).address
            for name in ("Accruing", "Charging", "Limited")
        }
        deployer.mine(Timestamp(world.head.timestamp + 12))
        plain = [each for each in book.markets.values() if isinstance(each, Vault)]
        vaults = {each.symbol: each for each in plain}
        for name, at in odd.items():
            vaults[name] = vault_at(at, usdc, is_plain=False)
        token = Erc20(usdc.chain, usdc.address, "erc20:USDC", usdc)
        yield Stage(evm.load(world.rpc), token, vaults, owners)


def vault_at(address: Address, asset: Token, *, is_plain: bool) -> Vault:
    return Vault(31337, address, "odd", asset, 0, "O", is_plain)


@pytest.fixture
def stage(staged: Stage) -> Iterator[Stage]:
    before, moment = staged.machine.snapshot(), staged.machine.time
    yield staged
    staged.machine.revert(before)
    staged.machine.set_time(moment)


# ----------------------------------------------------------------------- vaults of another kind


def test_model__assets_that_move_by_time__equals_the_chain_at_each_moment(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    machine, moment, tally = stage.machine, stage.machine.time, Tally()

    @settings(max_examples=CASES // (STEPS * MOMENTS))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            for _ in range(MOMENTS):
                states, accounts = stage.read("Accruing")
                for _ in range(STEPS):
                    action = PORT.actions(data.draw, states, accounts.owners)
                    states, outcome = check_case(machine, ADAPTERS, states, accounts, action)
                    tally.count(action, outcome)
                machine.set_time(machine.time + data.draw(st.integers(1, 400 * DAY)))
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()
    record_property("told", f"law erc4626 at dt = 0: {tally.cases} cases, 0 mismatches")
    assert tally.cases >= CASES
    assert set(PORT.kinds) - set(tally.reached) == set()


def test_apply__assets_that_move_by_time_at_a_later_moment__refused(stage: Stage) -> None:
    states, _ = stage.read("Accruing")
    vault, owner = stage.vaults["Accruing"], stage.owners[0]
    later = accrue(ADAPTERS, states, Timestamp(stage.machine.time + 1))
    with pytest.raises(StaleState, match="was read 1 s ago"):
        apply(ADAPTERS, later, Supply(owner, vault.id, vault.asset, 1, owner))


def test_reads__assets_that_move_by_time_declared_plain__refused(stage: Stage) -> None:
    vault = stage.vaults["Accruing"]
    pay_in(stage, vault, 10**9)
    stage.machine.set_time(stage.machine.time + DAY)
    plain = {**stage.vaults, "plain": vault_at(vault.address, vault.asset, is_plain=True)}
    with pytest.raises(DataError, match="base units of USDC and has 1000000000: it is not the"):
        replace(stage, vaults=plain).read("plain")


@pytest.mark.parametrize(
    "name, told", [("Charging", "takes a fee or counts in a way"), ("Limited", "limits of its own")]
)
def test_reads__fee_or_limit__refused_in_words(name: str, told: str, stage: Stage) -> None:
    with pytest.raises(DataError, match=told):
        stage.read(name)


def test_reads__other_decimals_than_declared__refused(stage: Stage) -> None:
    vaults = {"f": replace(stage.vaults["f"], offset=5)}
    with pytest.raises(DataError, match=r"decimals\(\) is 0xc, expected 0xb: correct"):
        replace(stage, vaults=vaults).read("f")


def test_reads__other_asset_than_declared__refused(stage: Stage) -> None:
    vault = stage.vaults["v"]
    other = replace(vault, asset=replace(vault.asset, address=stage.owners[0]))
    adapter = Erc4626Adapter()
    question = Question(other, Accounts(()), Head(31337, 0, "0x", Timestamp(stage.machine.time)))
    asked = adapter.reads(question)
    answers = [stage.machine.static(vault.asset.address, asked[1].data)] * 2
    answers += [stage.machine.static(read.to, read.data) for read in asked[2:]]
    with pytest.raises(DataError, match=r"asset\(\) is 0x"):
        adapter.decode(question, answers)


# ------------------------------------------------------------------------------- who comes first


@pytest.mark.parametrize("name", ["v", "f"])
def test_attack_first_depositor__gift_before_the_next__costs_the_attacker_most_of_it(
    name: str, stage: Stage
) -> None:
    """One unit paid in, a gift, and what the next pays in is rounded to few shares, or none."""
    attacker, victim, _ = stage.owners
    vault, (states, accounts) = stage.vaults[name], stage.read(name)
    token, gift, paid = vault.asset, 10**12, 10**12
    actions: list[Action] = [
        Approve(attacker, token_market(token), token, vault.address, UINT256_MAX),
        Approve(victim, token_market(token), token, vault.address, UINT256_MAX),
        Supply(attacker, vault.id, token, 1, attacker),
        Transfer(attacker, token_market(token), token, vault.address, gift),
        Supply(victim, vault.id, token, paid, victim),
        Withdraw(attacker, vault.id, token, ALL, attacker),
        Withdraw(victim, vault.id, token, ALL, victim),
    ]
    before = {each: balance(states, token, each) for each in (attacker, victim)}
    for action in actions:
        states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, action)
        assert isinstance(outcome, Applied)
    lost = {each: before[each] - balance(states, token, each) for each in before}
    assert lost[attacker] > 0
    assert lost[attacker] >= lost[victim]
    assert lost[attacker] >= gift // 3


def test_model__empty_vault__nothing_goes_in_and_out(stage: Stage) -> None:
    owner, vault = stage.owners[0], stage.vaults["v"]
    states, accounts = stage.read("v")
    nothing: tuple[Action, ...] = (
        Supply(owner, vault.id, vault.asset, 0, owner),
        MintShares(owner, vault.id, vault.asset, 0, owner),
        Withdraw(owner, vault.id, vault.asset, 0, owner),
        Withdraw(owner, vault.id, vault.asset, ALL, owner),
        RedeemShares(owner, vault.id, vault.asset, ALL, owner),
    )
    for action in nothing:
        states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, action)
        assert isinstance(outcome, Applied)
    for refused in (
        Withdraw(owner, vault.id, vault.asset, 1, owner),
        RedeemShares(owner, vault.id, vault.asset, 1, owner),
    ):
        states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, refused)
        assert isinstance(outcome, Reverted)


# ----------------------------------------------------------------------------------- shared


def pay_in(stage: Stage, vault: Vault, raw: int) -> None:
    owner = stage.owners[0]
    name = next(each for each, found in stage.vaults.items() if found is vault)
    states, accounts = stage.read(name)
    for action in (
        Approve(owner, token_market(vault.asset), vault.asset, vault.address, UINT256_MAX),
        Supply(owner, vault.id, vault.asset, raw, owner),
    ):
        states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, action)
        assert isinstance(outcome, Applied)


def balance(states: States, token: Token, account: Address) -> int:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state.balance(account)
