"""Admission by code on a real node: what is admitted, what is refused, and what an upgrade does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from trimtab.chain.admission import Admission, Admitted, NotAdmitted, admissions, require
from trimtab.chain.anatomy import bodies, hash_of
from trimtab.chain.blocks import head
from trimtab.chain.identities import proven
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.watch import Look, look
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, Token, address
from trimtab.lab.world import LocalWorld, local_world
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import Contract, read
from trimtab.lab.world.deploy_aave_v3 import aave_pool_contract
from trimtab.lab.world.deploy_uniswap_v3 import factory_contract
from trimtab.lab.world.transactions import Deployer
from trimtab.mandate.book import AddressBook, read_book
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.shared.code import IMPLEMENTATION_SLOT
from trimtab.protocols.uniswap_v3 import Pool

pytestmark = pytest.mark.chain

T = TypeVar("T")

AAVE = "@aave/core-v3/artifacts/contracts/"
CORE = "@uniswap/v3-core/artifacts/contracts/"


@dataclass(frozen=True, slots=True)
class Stage:
    """A world with its address book."""

    world: LocalWorld
    book: AddressBook

    @property
    def markets(self) -> tuple[Market[Any], ...]:
        return tuple(self.book.markets.values())

    def run(self, scene: Callable[[Rpc], Awaitable[T]]) -> T:
        """Play a scene with a connection that ends with it."""

        async def played() -> T:
            rpc = Rpc(RpcUrl(self.world.node.url), self.book.chain)
            try:
                return await scene(rpc)
            finally:
                await rpc.close()

        return asyncio.run(played())


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with local_world() as world:
        yield Stage(world, read_book(world.deployment.to_json(), "the local world"))


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """The world as it was deployed; what a test does to it is undone."""
    snapshot = deployed.world.rpc("evm_snapshot")
    yield deployed
    assert deployed.world.rpc("evm_revert", snapshot)


def judged(stage: Stage, *markets: Market[Any]) -> tuple[Admission, ...]:
    async def scene(rpc: Rpc) -> tuple[Admission, ...]:
        return await admissions(rpc, markets, await head(rpc, "latest"))

    return stage.run(scene)


def looked(stage: Stage, markets: Sequence[Market[Any]], known: Sequence[Admission]) -> Look:
    async def scene(rpc: Rpc) -> Look:
        return await look(rpc, markets, known, await head(rpc, "latest"))

    return stage.run(scene)


def refusal(stage: Stage, market: Market[Any]) -> str:
    (found,) = judged(stage, market)
    assert isinstance(found, NotAdmitted)
    return found.why


def market(stage: Stage, name: str) -> Any:
    return stage.book.market(name)


def lender(stage: Stage) -> LendingPool:
    found = stage.book.markets["aave_v3"]
    assert isinstance(found, LendingPool)
    return found


def exchange(stage: Stage) -> Pool:
    return next(each for each in stage.markets if isinstance(each, Pool))


def code_at(stage: Stage, at: Address) -> bytes:
    return bytes.fromhex(str(stage.world.rpc("eth_getCode", at, "latest"))[2:])


def edited(stage: Stage, at: Address, change: Callable[[bytearray], None]) -> None:
    """Give a contract other code, as no transaction could."""
    code = bytearray(code_at(stage, at))
    change(code)
    stage.world.rpc("anvil_setCode", at, "0x" + code.hex())
    stage.world.mine()


def flipped(place: int) -> Callable[[bytearray], None]:
    def change(code: bytearray) -> None:
        code[place] ^= 1

    return change


def created(stage: Stage, deploy: Callable[[Deployer], Contract]) -> Contract:
    deployer = Deployer(stage.world.rpc, stage.world.deployment.deployer)
    made = deploy(deployer)
    deployer.mine(Timestamp(stage.world.head.timestamp + 12))
    return made


def invoke(stage: Stage, contract: Contract, function: str, *arguments: object) -> None:
    """What the protocols' owner does."""
    deployer = Deployer(stage.world.rpc, stage.world.deployment.deployer)
    deployer.invoke(contract, function, *arguments)
    deployer.mine(Timestamp(stage.world.head.timestamp + 12))


def implementation(stage: Stage, proxy: Address) -> Address:
    async def scene(rpc: Rpc) -> Address:
        found = await bodies(rpc, (proxy,), await head(rpc, "latest"))
        return found[proxy].implementation

    return stage.run(scene)


# ------------------------------------------------------------------------------- the world


def test_admissions__local_world__every_market_by_the_law_s_own_code(stage: Stage) -> None:
    """The law runs on these very contracts, so the table must know every one of them."""
    found = judged(stage, *stage.markets)
    assert {each.name: each for each in found if isinstance(each, NotAdmitted)} == {}
    admitted = [each for each in found if isinstance(each, Admitted)]
    assert {each.market.split(":")[0]: each.proven for each in admitted} == {
        "aave_v3": "bytecode",
        "chainlink": "source",
        "erc20": "bytecode",
        "uniswap_v3": "bytecode",
    }
    used = {part.identity for each in admitted for part in each.found}
    here = {"aave_v3", "chainlink", "erc20", "safe", "uniswap_v3"}
    listed = {each.contract for each in proven().identities if each.protocol in here}
    assert listed - {each.contract for each in used} == {
        "InitializableImmutableAdminUpgradeabilityProxy",
        *("Safe", "SafeL2", "SafeProxy"),
    }


def test_admissions__lending_pool__libraries_and_tokens_behind_proxies(stage: Stage) -> None:
    (found,) = judged(stage, lender(stage))
    assert isinstance(found, Admitted)
    roles = [each.role for each in found.found]
    assert sorted(role for role in roles if role.startswith("library ")) == [
        f"library {name}Logic"
        for name in ("Borrow", "Bridge", "EMode", "FlashLoan", "Liquidation", "Pool", "Supply")
    ]
    behind = {each.role for each in found.found if each.is_upgradable}
    assert behind == {"pool", "aToken", "variable debt token", "stable debt token"}
    assert len(found.proxies) == 1 + 3 * len(lender(stage).reserves)


def test_masks__immutables_read_off_the_code__are_filled_on_the_chain(stage: Stage) -> None:
    """A mask hides no more than what is put in when the contract is deployed."""
    (found,) = judged(stage, exchange(stage))
    assert isinstance(found, Admitted)
    for each in found.found:
        code = code_at(stage, each.address)
        *immutables, _ = each.identity.zeroed
        assert immutables
        assert all(any(code[at : at + length]) for at, length in immutables), each.role


# -------------------------------------------------------------------------------- attacks


def test_attack_fake_pool__same_code_by_another_factory__refused(stage: Stage) -> None:
    real = exchange(stage)
    mine = created(stage, lambda by: by.create(artifact(CORE + FACTORY)))
    pair = real.token0.address, real.token1.address
    invoke(stage, mine, "createPool", *pair, real.fee)
    fake = address(read(stage.world.rpc, mine, "getPool", *pair, real.fee))
    assert fake not in (real.address, ZERO_ADDRESS)
    assert len(code_at(stage, fake)) == len(code_at(stage, real.address))
    why = refusal(stage, replace(real, address=fake))
    assert f"is {real.address}, expected {fake}" in why
    assert "runs code" not in why


FACTORY = "UniswapV3Factory.sol/UniswapV3Factory.json"


def test_attack_token_with_a_transfer_fee__refused_by_name(stage: Stage) -> None:
    sources = Path(__file__).parent / "contracts"
    token = created(stage, lambda by: by.create(compiled(sources, "FeeToken.sol", "FeeToken")))
    fee = Token(stage.book.chain, token.address, 18, "FEE")
    why = refusal(stage, Erc20(fee.chain, fee.address, "erc20:FEE", fee))
    assert f"the token at {fee.address} runs code on which no law was proven" in why
    assert "proven is MintableERC20 (@aave/core-v3 1.19.3)" in why


def test_attack_token_that_rebases__refused_by_name(stage: Stage) -> None:
    """Balances of an aToken grow by time: no plain token's code does that."""
    held = lender(stage).reserves[0]
    token = Token(stage.book.chain, held.a_token, held.token.decimals, "aUSDC")
    why = refusal(stage, Erc20(stage.book.chain, token.address, "erc20:aUSDC", token))
    assert f"the token at {held.a_token} runs code on which no law was proven" in why


def test_admissions__wrapped_native__refused_for_its_code(stage: Stage) -> None:
    at = stage.world.deployment.uniswap_v3.wrapped_native
    native = Token(stage.book.chain, at, 18, "WETH9")
    assert "no law was proven" in refusal(stage, Erc20(native.chain, at, "erc20:WETH9", native))


def test_admissions__nothing_at_the_address__refused(stage: Stage) -> None:
    nowhere = replace(market(stage, "erc20:WETH"), address=Address("0x" + "11" * 20))
    assert refusal(stage, nowhere).endswith("has no code: is the address right?")


@pytest.mark.parametrize("place", [0, 700, 20_000])
def test_attack_one_bit_of_the_pool_edited__refused(stage: Stage, place: int) -> None:
    pool = exchange(stage)
    edited(stage, pool.address, flipped(place))
    assert f"the pool at {pool.address} runs code" in refusal(stage, pool)


def test_admissions__metadata_edited__admitted(stage: Stage) -> None:
    pool = exchange(stage)
    edited(stage, pool.address, flipped(-4))
    (found,) = judged(stage, pool)
    assert isinstance(found, Admitted)


def test_attack_factory_in_the_pool_s_immutables_edited__refused(stage: Stage) -> None:
    pool, agent = exchange(stage), stage.world.deployment.agents[0]
    own = bytes.fromhex(stage.world.deployment.uniswap_v3.factory[2:])

    def change(code: bytearray) -> None:
        code[:] = bytes(code).replace(own, bytes.fromhex(agent[2:]))

    edited(stage, pool.address, change)
    why = refusal(stage, pool)
    assert f"the factory of the pool is {agent}, expected" in why
    assert "runs code" not in why


def test_attack_library_of_the_lending_pool_swapped__refused(stage: Stage) -> None:
    pool, agent = lender(stage), stage.world.deployment.agents[0]
    (found,) = judged(stage, pool)
    assert isinstance(found, Admitted)
    (logic,) = [each.address for each in found.found if each.role == "library SupplyLogic"]

    def change(code: bytearray) -> None:
        code[:] = bytes(code).replace(bytes.fromhex(logic[2:]), bytes.fromhex(agent[2:]))

    edited(stage, implementation(stage, pool.address), change)
    assert refusal(stage, pool) == (
        f"the library SupplyLogic at {agent} has no code: is the address right?"
    )


def test_attack_one_of_several_calls_to_a_library_redirected__refused(stage: Stage) -> None:
    pool, agent = lender(stage), stage.world.deployment.agents[0]
    (found,) = judged(stage, pool)
    assert isinstance(found, Admitted)
    (logic,) = [each.address for each in found.found if each.role == "library SupplyLogic"]

    def change(code: bytearray) -> None:
        own, other = bytes.fromhex(logic[2:]), bytes.fromhex(agent[2:])
        code[:] = bytes(code).replace(own, other, 1)

    edited(stage, implementation(stage, pool.address), change)
    assert "runs code on which no law was proven" in refusal(stage, pool)


def test_admissions__minimal_proxy__by_what_stands_behind_it(stage: Stage) -> None:
    weth = market(stage, "erc20:WETH")
    clone = Address(address("0x" + "22" * 20))
    head_, tail = "363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3"
    stage.world.rpc("anvil_setCode", clone, f"0x{head_}{weth.address[2:]}{tail}")
    stage.world.mine()
    (found,) = judged(stage, replace(weth, address=clone))
    assert isinstance(found, Admitted)
    assert {at for at, _ in found.codes} == {clone, weth.address}
    stage.world.rpc("anvil_setCode", clone, f"0x{head_}{weth.address[2:]}{tail[:-2]}00")
    stage.world.mine()
    assert "runs code" in refusal(stage, replace(weth, address=clone))


def test_attack_incentives_controller_set__refused(stage: Stage) -> None:
    """The tokens call it whenever a balance changes, and no law ran with one."""
    pool, agent = lender(stage), stage.world.deployment.agents[0]
    tokens = Contract.at(pool.reserves[0].a_token, AAVE + A_TOKEN)
    invoke(stage, tokens, "setIncentivesController", agent)
    symbol = pool.reserves[0].token.symbol
    assert refusal(stage, pool) == (
        f"the incentives of the aToken of {symbol} is {agent}, expected {ZERO_ADDRESS}"
    )


A_TOKEN = "protocol/tokenization/AToken.sol/AToken.json"

# ------------------------------------------------------------------------------- upgrades


def upgrade_pool(stage: Stage, code: Address) -> None:
    """What the protocol's own governance can do to its pool under everybody's position."""
    provider = Contract.at(lender(stage).addresses_provider, AAVE + PROVIDER)
    invoke(stage, provider, "setPoolImpl", code)


PROVIDER = "protocol/configuration/PoolAddressesProvider.sol/PoolAddressesProvider.json"


def test_look__nothing_changed__nothing_told(stage: Stage) -> None:
    known = judged(stage, *stage.markets)
    stage.world.mine()
    found = looked(stage, stage.markets, known)
    assert found == Look(known, ())
    assert found.reduce_only == frozenset()


def test_look__upgrade_to_other_code__reduce_only_and_told_once(stage: Stage) -> None:
    pool = lender(stage)
    known = judged(stage, *stage.markets)
    before = implementation(stage, pool.address)
    sources = Path(__file__).parent / "contracts"
    other = created(stage, lambda by: by.create(compiled(sources, "Upgrade.sol", "Upgrade")))
    upgrade_pool(stage, other.address)
    found = looked(stage, stage.markets, known)
    assert found.reduce_only == {pool.id}
    assert [(each.name, each.block, each.what) for each in found.changed][:1] == [
        (
            "aave_v3",
            stage.world.head.number,
            f"the proxy {pool.address} was upgraded from {before} to {other.address}",
        )
    ]
    again = looked(stage, stage.markets, found.admissions)
    assert again.reduce_only == {pool.id}
    assert again.changed == ()


def test_look__upgrade_to_proven_code__told_and_admitted(stage: Stage) -> None:
    pool = lender(stage)
    known = judged(stage, pool)
    libraries = {
        each.role.removeprefix("library "): each.address
        for found in known
        if isinstance(found, Admitted)
        for each in found.found
        if each.role.startswith("library ")
    }
    built = artifact(AAVE + "protocol/pool/Pool.sol/Pool.json")
    other = created(
        stage, lambda by: by.create(built, pool.addresses_provider, libraries=libraries)
    )
    # a pool of one revision initialises once, so its own governance could not do this
    slot, word = hex(IMPLEMENTATION_SLOT), "0x" + other.address[2:].lower().zfill(64)
    stage.world.rpc("anvil_setStorageAt", pool.address, slot, word)
    stage.world.mine()
    found = looked(stage, [pool], known)
    assert [each.what for each in found.changed]
    assert found.reduce_only == frozenset()
    assert looked(stage, [pool], found.admissions) == Look(found.admissions, ())


def test_look__price_oracle_replaced__reduce_only(stage: Stage) -> None:
    pool, agent = lender(stage), stage.world.deployment.agents[0]
    known = judged(stage, pool)
    provider = Contract.at(pool.addresses_provider, AAVE + PROVIDER)
    invoke(stage, provider, "setPriceOracle", agent)
    found = looked(stage, [pool], known)
    assert [each.what for each in found.changed] == [
        f"the price oracle is {agent}, it was {pool.oracle}"
    ]
    assert found.reduce_only == {pool.id}


def test_look__code_edited__the_hashes_of_both(stage: Stage) -> None:
    pool = exchange(stage)
    known = judged(stage, *stage.markets)
    before = hash_of(code_at(stage, pool.address))
    edited(stage, pool.address, flipped(700))
    after = hash_of(code_at(stage, pool.address))
    found = looked(stage, stage.markets, known)
    assert [(each.market, each.what) for each in found.changed] == [
        (
            pool.id,
            f"the code at {pool.address} is another: {after.hex()}, it was {before.hex()}",
        )
    ]
    assert found.reduce_only == {pool.id}


def test_look__upgrade_taken_back__admitted_again(stage: Stage) -> None:
    pool = exchange(stage)
    known = judged(stage, pool)
    edited(stage, pool.address, flipped(700))
    found = looked(stage, [pool], known)
    edited(stage, pool.address, flipped(700))
    assert looked(stage, [pool], found.admissions) == Look(known, ())


# ------------------------------------------------------------------------------- starting


def test_require__proven_on_source__armed_on_the_local_world_alone(stage: Stage) -> None:
    found = judged(stage, *stage.markets)
    assert require(found, 31337, is_armed=True) == frozenset()
    assert require(found, 1, is_armed=False) == frozenset()
    with pytest.raises(ConfigError, match=r"MockV3Aggregator .* is proven on source only") as told:
        require(found, 1, is_armed=True)
    assert "aave_v3:" not in str(told.value)


@pytest.mark.parametrize("chain", [1, 31337])
@pytest.mark.parametrize("is_armed", [False, True])
def test_require__not_admitted__refused_unless_held_before(
    stage: Stage, chain: int, is_armed: bool
) -> None:
    pool = exchange(stage)
    edited(stage, pool.address, flipped(700))
    found = judged(stage, pool)
    with pytest.raises(ConfigError, match="runs code on which no law was proven"):
        require(found, chain, is_armed=is_armed)
    held = frozenset({pool.id})
    assert require(found, chain, is_armed=is_armed, held=held) == held


def test_pool_contract__of_the_world__is_the_one_admitted(stage: Stage) -> None:
    """The relations are asked of the chain, and not of the declaration."""
    pool = lender(stage)
    contract = aave_pool_contract(pool.address)
    assert read(stage.world.rpc, contract, "ADDRESSES_PROVIDER") == pool.addresses_provider
    wrong = replace(pool, addresses_provider=factory_contract(pool.oracle).address)
    assert "expected" in refusal(stage, wrong)
