"""FlashLoop on a real chain: its code, its address, and loops that it enters and leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import evm
from tests.support.command import ROOT
from trimtab.core.abi import selector
from trimtab.core.token import Address
from trimtab.lab.world import (
    CREATE2_DEPLOYER,
    CREDIT_WORLD,
    DEFAULT_WORLD,
    Contract,
    Deployment,
    LocalWorld,
    aave_pool_contract,
    artifact,
    flash_loop_address,
    flash_loop_artifact,
    flash_loop_contract,
    local_world,
    quoter_contract,
    read,
    reason,
    token_contract,
)
from trimtab.lab.world.artifacts import Abi
from trimtab.lab.world.compile import SOLC
from trimtab.lab.world.deploy_aave_v36 import lending_artifacts
from trimtab.protocols.shared.aave.wad_ray import (
    percent_mul,
    percent_mul_ceil,
    ray_div,
    ray_div_ceil,
    ray_div_floor,
)
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE

pytestmark = pytest.mark.chain

ALL = 2**256 - 1
UNHEALTHY = "HealthFactorLowerThanLiquidationThreshold()"
DAY = 86_400
POOL_36 = CREDIT_WORLD.lending36
assert POOL_36 is not None
WORLD = replace(
    DEFAULT_WORLD,
    flash_loop=True,
    tokens=CREDIT_WORLD.tokens,
    lending36=replace(
        POOL_36, reserves=tuple(replace(r, supply_cap=0, borrow_cap=0) for r in POOL_36.reserves)
    ),
)
"""Without caps, which interest would reach in the decades that are played here."""
WORTH = {"USDC": 10_000 * 10**6, "WETH": 5 * 10**18, "WBTC": 10**8 // 4}
"""Ten thousand dollars of each."""
LOOPS = [
    ("WETH", "USDC", 500),
    ("USDC", "WETH", 500),
    ("WBTC", "USDC", 3_000),
    ("WBTC", "WETH", 500),
]
"""Collateral, debt and the fee of the pool of both."""

PUSH1, PUSH32 = 0x60, 0x7F
OUTLIVES_OR_BORROWS_CODE = {
    0x54: "SLOAD",
    0x55: "SSTORE",
    **{0xA0 + topics: f"LOG{topics}" for topics in range(5)},
    0xF0: "CREATE",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}


@pytest.fixture(scope="module")
def world() -> Iterator[LocalWorld]:
    with local_world(WORLD) as world:
        yield world


@pytest.fixture(scope="module")
def machine(world: LocalWorld) -> evm.Evm:
    return evm.load(world.rpc)


@dataclass(frozen=True, slots=True)
class Line:
    """A lending pool's contracts, and how its version rounds: to scaled shares, and the premium."""

    pool: Contract
    shares: dict[str, Contract]
    debts: dict[str, Contract]
    supplied: Callable[[int, int], int]
    withdrawn: Callable[[int, int], int]
    borrowed: Callable[[int, int], int]
    repaid: Callable[[int, int], int]
    premium: Callable[[int], int]


def line_3_0(book: Deployment) -> Line:
    def abi(name: str) -> Abi:
        folder = "@aave/core-v3/artifacts/contracts/protocol/tokenization"
        return artifact(f"{folder}/{name}.sol/{name}.json").abi

    reserves = book.aave_v3.reserves.items()
    return Line(
        aave_pool_contract(book.aave_v3.pool),
        {name: Contract(entry.a_token, abi("AToken")) for name, entry in reserves},
        {
            name: Contract(entry.variable_debt_token, abi("VariableDebtToken"))
            for name, entry in reserves
        },
        *(ray_div, ray_div, ray_div, ray_div),
        premium=lambda loan: percent_mul(loan, 9),
    )


def line_3_6(book: Deployment) -> Line:
    made, entry = lending_artifacts(), book.aave_v36
    assert entry is not None
    shares, debts = (made[f"{kind}Instance"].abi for kind in ("AToken", "VariableDebtToken"))
    return Line(
        Contract(entry.pool, made["PoolInstance"].abi),
        {name: Contract(each.a_token, shares) for name, each in entry.reserves.items()},
        {name: Contract(each.variable_debt_token, debts) for name, each in entry.reserves.items()},
        *(ray_div_floor, ray_div_ceil, ray_div_ceil, ray_div_floor),
        premium=lambda loan: percent_mul_ceil(loan, 5),
    )


LINES = {"3.0": line_3_0, "3.6": line_3_6}


@dataclass(frozen=True, slots=True)
class Stage:
    """An account with a loop of two tokens, and what it asks and orders."""

    machine: evm.Evm
    book: Deployment
    line: Line
    lender: Line
    collateral: str
    debt: str
    fee: int

    @property
    def account(self) -> Address:
        return self.book.agents[0]

    @property
    def flash(self) -> Contract:
        assert self.book.flash_loop is not None
        return flash_loop_contract(self.book.flash_loop)

    @property
    def pool(self) -> Contract:
        return self.line.pool

    @property
    def shares(self) -> Contract:
        return self.line.shares[self.collateral]

    @property
    def debts(self) -> Contract:
        return self.line.debts[self.debt]

    def token(self, symbol: str) -> Contract:
        return token_contract(self.book.tokens[symbol].address)

    @property
    def loop(self) -> tuple[object, ...]:
        pools = self.lender.pool.address, self.pool.address
        tokens = self.token(self.collateral).address, self.shares.address
        return (*pools, *tokens, self.token(self.debt).address, self.fee)

    def ask(self, contract: Contract, function: str, *arguments: object) -> Any:
        answer = self.machine.static(contract.address, contract.data(function, *arguments))
        return contract.values(function, answer, len(arguments))

    def order(self, contract: Contract, function: str, *arguments: object) -> bytes:
        """What the call reverted with, if it did."""
        data = contract.data(function, *arguments)
        ok, returned, _ = self.machine.call(self.account, contract.address, data)
        assert ok or returned
        return b"" if ok else returned

    def limit(self, spent: str) -> int:
        """The last price but one that there is."""
        other = self.debt if spent == self.collateral else self.collateral
        zero_for_one = int(self.token(spent).address, 16) < int(self.token(other).address, 16)
        return MIN_SQRT_PRICE + 1 if zero_for_one else MAX_SQRT_PRICE - 1

    def enter(self, loan: int, least: int) -> bytes:
        bounds = loan, least, self.limit(self.debt), self.machine.time
        return self.order(self.flash, "enter", self.loop, *bounds)

    def leave(self, loan: int, most: int) -> bytes:
        bounds = loan, most, self.limit(self.collateral), self.machine.time
        return self.order(self.flash, "leave", self.loop, *bounds)

    def bought(self, loan: int) -> int:
        """What the exchange gives for a loan."""
        key = self.token(self.debt).address, self.token(self.collateral).address
        quoter = quoter_contract(self.book.uniswap_v3.quoter)
        return int(self.ask(quoter, "quoteExactInputSingle", (*key, loan, self.fee, 0))[0])

    def price(self, debt: int) -> int:
        """What the exchange takes for so much of the debt token."""
        key = self.token(self.collateral).address, self.token(self.debt).address
        quoter = quoter_contract(self.book.uniswap_v3.quoter)
        return int(self.ask(quoter, "quoteExactOutputSingle", (*key, debt, self.fee, 0))[0])

    def supply(self, amount: int) -> None:
        token = self.token(self.collateral)
        assert self.order(token, "mint(address,uint256)", self.account, amount) == b""
        assert self.order(token, "approve", self.pool.address, amount) == b""
        where = token.address, amount, self.account, 0
        assert self.order(self.pool, "supply", *where) == b""

    def allow(self, credit: int, shares: int) -> None:
        assert self.order(self.debts, "approveDelegation", self.flash.address, credit) == b""
        assert self.order(self.shares, "approve", self.flash.address, shares) == b""

    def owed(self) -> int:
        return int(self.ask(self.debts, "balanceOf", self.account))

    def scaled(self) -> tuple[int, int]:
        """The account's scaled balances of shares and of debt."""
        both = self.shares, self.debts
        shares, debts = (self.ask(each, "scaledBalanceOf", self.account) for each in both)
        return shares, debts

    def indices(self) -> tuple[int, int]:
        """Of the collateral's supply and of the debt."""
        income, owed = "getReserveNormalizedIncome", "getReserveNormalizedVariableDebt"
        return (
            self.ask(self.pool, income, self.token(self.collateral).address),
            self.ask(self.pool, owed, self.token(self.debt).address),
        )

    def is_left_with(self) -> dict[str, int]:
        """What FlashLoop holds, owes and has allowed, where that is not nothing."""
        tokens = {symbol: self.token(symbol) for symbol in (self.collateral, self.debt)}
        scaled = {"shares": self.shares, "debts": self.debts}
        places = {"pool": self.pool.address, "lender": self.lender.pool.address}
        pools = self.book.uniswap_v3.pools.items()
        places |= {"account": self.account} | {name: entry.address for name, entry in pools}
        found = {
            **{s: self.ask(t, "balanceOf", self.flash.address) for s, t in tokens.items()},
            **{
                name: self.ask(token, "scaledBalanceOf", self.flash.address)
                for name, token in scaled.items()
            },
            **{
                f"{symbol} allowed to {name}": self.ask(
                    token, "allowance", self.flash.address, spender
                )
                for symbol, token in (tokens | {"shares": self.shares}).items()
                for name, spender in places.items()
            },
        }
        return {name: amount for name, amount in found.items() if amount}


@pytest.fixture(params=sorted(LINES))
def stage(world: LocalWorld, machine: evm.Evm, request: pytest.FixtureRequest) -> Iterator[Stage]:
    before = machine.snapshot()
    line = LINES[request.param](world.deployment)
    yield Stage(machine, world.deployment, line, line, "WETH", "USDC", 500)
    machine.revert(before)


# ------------------------------------------------------------------------------- the contract


def test_code__on_the_chain__the_source_with_its_factory(world: LocalWorld) -> None:
    factory, flash = world.deployment.uniswap_v3.factory, world.deployment.flash_loop
    assert flash is not None
    assert flash == flash_loop_address(factory)
    assert read(world.rpc, flash_loop_contract(flash), "factory") == factory
    code = bytes.fromhex(str(world.rpc("eth_getCode", flash, "latest"))[2:])
    assert code.replace(bytes.fromhex(factory[2:]), bytes(20)) == flash_loop_artifact().runtime_code


def test_code__every_instruction__remembers_nothing_and_borrows_no_code() -> None:
    found, code, at = set(), flash_loop_artifact().runtime_code, 0
    code = code[: code.rindex(b"\xa1\x64solc")]  # the compiler's version follows, no instruction
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)
    assert [name for number, name in OUTLIVES_OR_BORROWS_CODE.items() if number in found] == []
    assert {0xF1, 0xFA, 0xFD, 0x42, 0x5C, 0x5D} <= found, "CALL, TIMESTAMP and TSTORE are its parts"


def test_guide__deployer_and_hash__are_those_of_the_source() -> None:
    guide = (ROOT / "docs" / "guides" / "deploy-flash-loop.md").read_text(encoding="utf-8")
    creation = keccak(flash_loop_artifact().creation_code({})).hex()
    told = (CREATE2_DEPLOYER, f"0x{creation}", SOLC.replace("-", " "))
    assert [each for each in told if each not in guide] == []


# ------------------------------------------------------------------------------- loops


def test_enter__by_an_account__both_sides_grow(stage: Stage) -> None:
    stage.supply(WORTH["WETH"])
    loan = 3 * WORTH["USDC"] // 2
    received, owed = stage.bought(loan), loan + stage.lender.premium(loan)
    stage.allow(owed, 0)
    before, indices = stage.scaled(), stage.indices()
    assert stage.enter(loan, received) == b""
    shares, debts = stage.line.supplied(received, indices[0]), stage.line.borrowed(owed, indices[1])
    assert stage.scaled() == (before[0] + shares, before[1] + debts)
    assert stage.is_left_with() == {}


def test_leave__a_part__healthier(stage: Stage) -> None:
    stage.supply(WORTH["WETH"])
    stage.allow(ALL, ALL)
    assert stage.enter(3 * WORTH["USDC"] // 2, 0) == b""
    before = stage.ask(stage.pool, "getUserAccountData", stage.account)[5]
    assert stage.leave(WORTH["USDC"] // 2, WORTH["WETH"]) == b""
    after = stage.ask(stage.pool, "getUserAccountData", stage.account)[5]
    assert before < 15 * 10**17 < after
    assert stage.is_left_with() == {}


def test_leave__shares_short_of_a_unit__refused(stage: Stage) -> None:
    stage.supply(WORTH["WETH"])
    stage.allow(ALL, ALL)
    assert stage.enter(WORTH["USDC"], 0) == b""
    loan = WORTH["USDC"] // 4
    spent = stage.price(loan + stage.lender.premium(loan))
    stage.allow(0, spent)
    refused = selector("Refused(address)") + bytes(12) + bytes.fromhex(stage.shares.address[2:])
    assert stage.leave(loan, spent) == refused
    stage.allow(0, spent + 1)
    assert stage.leave(loan, spent) == b""


def test_enter__too_much_for_its_health__refused_by_the_pool(stage: Stage) -> None:
    stage.supply(WORTH["WETH"])
    stage.allow(ALL, 0)
    refused = reason(stage.enter(6 * WORTH["USDC"], 0))
    assert refused in ("36", f"0x{selector(UNHEALTHY).hex()}")
    assert stage.is_left_with() == {}


def test_enter__a_unit_of_credit_short__refused_by_the_debt_token(stage: Stage) -> None:
    stage.supply(WORTH["WETH"])
    owed = WORTH["USDC"] + stage.lender.premium(WORTH["USDC"])
    stage.allow(owed - 1, 0)
    refused = stage.enter(WORTH["USDC"], 0)
    in_words = refused.startswith(selector("Panic(uint256)"))
    told = selector("InsufficientBorrowAllowance(address,uint256,uint256)")
    assert in_words or refused.startswith(told)
    stage.allow(owed, 0)
    assert stage.enter(WORTH["USDC"], 0) == b""


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_loop__any_amounts_times_and_pools__exact_and_nothing_left(
    world: LocalWorld, machine: evm.Evm, data: st.DataObject
) -> None:
    line, lender = (
        LINES[data.draw(st.sampled_from(sorted(LINES)))](world.deployment) for _ in "12"
    )
    key = data.draw(st.sampled_from(LOOPS))
    before = machine.snapshot()
    try:
        live(Stage(machine, world.deployment, line, lender, *key), data)
    finally:
        machine.revert(before)


def live(stage: Stage, data: st.DataObject) -> None:
    """Enter a loop after any time, leave a part of it, and then all."""
    line, lender, machine = stage.line, stage.lender, stage.machine
    machine.set_time(machine.time + data.draw(st.integers(0, 9_000)) * DAY)
    stage.supply(WORTH[stage.collateral] + data.draw(st.integers(0, 1_000)))
    loan = data.draw(st.integers(WORTH[stage.debt] // 10**4, WORTH[stage.debt]))
    received, owed = stage.bought(loan), loan + lender.premium(loan)
    stage.allow(owed, 0)
    at, indices = stage.scaled(), stage.indices()
    assert stage.enter(loan, received) == b""
    at = at[0] + line.supplied(received, indices[0]), at[1] + line.borrowed(owed, indices[1])
    assert (stage.scaled(), stage.is_left_with()) == (at, {})

    machine.set_time(machine.time + data.draw(st.integers(1, 30 * DAY)))
    part = data.draw(st.integers(loan // 100, loan // 2))
    spent = stage.price(part + lender.premium(part))
    stage.allow(0, spent + 1)
    indices = stage.indices()
    assert stage.leave(part, spent) == b""
    at = at[0] - line.withdrawn(spent, indices[0]), at[1] - line.repaid(part, indices[1])
    assert (stage.scaled(), stage.is_left_with()) == (at, {})

    machine.set_time(machine.time + data.draw(st.integers(1, 30 * DAY)))
    debt, slack = stage.owed(), data.draw(st.integers(0, loan // 100))
    spent = stage.price(debt + lender.premium(debt + slack))
    stage.allow(0, spent + 1)
    indices = stage.indices()
    assert stage.leave(debt + slack, spent) == b""
    left = at[0] - line.withdrawn(spent, indices[0])
    assert (stage.scaled(), stage.is_left_with()) == ((left, 0), {})
