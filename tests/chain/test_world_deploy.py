"""The local world: deployed in whole, read back from the chain, and the same every time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from trimtab.core.abi import Answer
from trimtab.core.errors import ConfigError, RpcError
from trimtab.core.quantise import Bps, Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.lab.world import (
    DEFAULT_WORLD,
    DEMO_WORLD,
    VARIABLE_RATE,
    Anvil,
    Deployer,
    LocalWorld,
    NodeRefusal,
    NodeSpec,
    PoolSpec,
    PositionSpec,
    Query,
    Rpc,
    Transaction,
    aave_pool_contract,
    artifact,
    compiled,
    data_provider_contract,
    deploy_world,
    factory_contract,
    feed_contract,
    head,
    local_world,
    mine_block,
    oracle_contract,
    pool_contract,
    position_manager_contract,
    quoter_contract,
    rate_strategy_contract,
    read,
    read_all,
    safe_contract,
    staking_pool_contract,
    tick_lens_contract,
    token_contract,
    transaction,
    world_directory,
)
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deploy_tokens import multicall_artifact

pytestmark = pytest.mark.chain

OWNER = address("0x" + "a1" * 20)
RAY_PER_BPS = 10**23


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalWorld]:
    """A world that tests only read."""
    with local_world() as world:
        yield world


@pytest.fixture
def world() -> Iterator[LocalWorld]:
    """A world of the test's own."""
    with local_world() as world:
        yield world


# ------------------------------------------------------------------------------ determinism


def third_block(rpc: Rpc, sender: Address) -> str:
    """The hash of a next block, which holds one transfer."""
    transfer = Transaction(sender, OWNER, b"", value=7)
    mine_block(rpc, [transfer], Timestamp(head(rpc).timestamp + 12))
    return head(rpc).hash


def test_local_world__twice__same_book_and_hashes(shared: LocalWorld) -> None:
    with local_world() as again:
        assert again.deployment == shared.deployment
        assert again.head == shared.head
        assert again.deployment.block_hash == shared.head.hash


def test_local_world__another_hash_seed__same_hash(shared: LocalWorld) -> None:
    program = (
        "from trimtab.lab.world import local_world\n"
        "with local_world() as world: print(world.deployment.block_hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == shared.deployment.block_hash


def test_local_world__another_price__another_chain(shared: LocalWorld) -> None:
    dearer = DEFAULT_WORLD.priced({"WETH": DEFAULT_WORLD.token("WETH").price + 1})
    with local_world(dearer) as other:
        assert other.deployment.tokens == shared.deployment.tokens
        assert other.deployment.block_hash != shared.deployment.block_hash


def test_dump_state__loaded__same_chain_continues(world: LocalWorld, tmp_path: Path) -> None:
    world.node.dump_state(tmp_path / "world.json")
    with Anvil(replace(DEFAULT_WORLD.node, state=tmp_path / "world.json")) as node:
        assert head(node.rpc) == world.head
        sender = world.deployment.agents[0]
        assert third_block(node.rpc, sender) == third_block(world.rpc, sender)


# ---------------------------------------------------------------------------------- contents


def test_deployment__as_json__reads_back(shared: LocalWorld) -> None:
    book = shared.deployment
    assert type(book).from_json(book.to_json()) == book


def test_from_json__something_else__says_what_writes_one(shared: LocalWorld) -> None:
    with pytest.raises(ConfigError, match="trimtab world --out"):
        type(shared.deployment).from_json(b'{"chain": 1}')


def test_tokens__read_back__symbol_and_decimals(shared: LocalWorld) -> None:
    for symbol, entry in shared.deployment.tokens.items():
        token = token_contract(entry.address)
        assert read(shared.rpc, token, "symbol") == symbol
        assert read(shared.rpc, token, "decimals") == entry.decimals


def test_feeds__read_back__price_at_the_first_block(shared: LocalWorld) -> None:
    for symbol, entry in shared.deployment.feeds.items():
        _, answer, _, updated, _ = read(shared.rpc, feed_contract(entry.address), "latestRoundData")
        assert answer == DEFAULT_WORLD.token(symbol).price
        assert updated == DEFAULT_WORLD.genesis + DEFAULT_WORLD.seconds_per_block


def test_oracle__feed_moves__price_follows(world: LocalWorld) -> None:
    book = world.deployment
    feed = feed_contract(book.feeds["WETH"].address)
    world.mine(transaction(book.deployer, feed.call("updateAnswer", 1_234 * 10**8)))
    oracle = oracle_contract(book.aave_v3.oracle)
    prices = {
        symbol: read(world.rpc, oracle, "getAssetPrice", entry.token)
        for symbol, entry in book.aave_v3.reserves.items()
    }
    expected = {token.symbol: token.price for token in DEFAULT_WORLD.tokens}
    assert prices == expected | {"WETH": 1_234 * 10**8}


def test_reserves__read_back__as_specified(shared: LocalWorld) -> None:
    lending = shared.deployment.aave_v3
    data = data_provider_contract(lending.data_provider)
    listed = read(shared.rpc, aave_pool_contract(lending.pool), "getReservesList")
    assert list(listed) == [reserve.token for reserve in lending.reserves.values()]
    for spec in DEFAULT_WORLD.reserves:
        token = lending.reserves[spec.symbol].token
        found = read(shared.rpc, data, "getReserveConfigurationData", token)
        assert found == (
            DEFAULT_WORLD.token(spec.symbol).decimals,
            spec.loan_to_value,
            spec.liquidation_threshold,
            spec.liquidation_bonus,
            spec.reserve_factor,
            True,  # usable as collateral
            True,  # borrowing
            False,  # stable borrowing
            True,  # active
            False,  # frozen
        )
        assert read(shared.rpc, data, "getReserveCaps", token) == (0, 0)


def test_reserves__read_back__own_curve_and_first_balances(shared: LocalWorld) -> None:
    lending = shared.deployment.aave_v3
    data = data_provider_contract(lending.data_provider)
    for spec in DEFAULT_WORLD.reserves:
        entry = lending.reserves[spec.symbol]
        assert read(shared.rpc, data, "getInterestRateStrategyAddress", entry.token) == (
            entry.rate_strategy
        )
        strategy = rate_strategy_contract(entry.rate_strategy)
        names = "OPTIMAL_USAGE_RATIO getBaseVariableBorrowRate getVariableRateSlope1"
        queries = [Query(strategy, name) for name in (*names.split(), "getVariableRateSlope2")]
        rates = spec.rates
        curve = [rates.optimal_utilisation, rates.base, rates.slope1, rates.slope2]
        assert read_all(shared.rpc, queries) == [each * RAY_PER_BPS for each in curve]
        unit = 10 ** DEFAULT_WORLD.token(spec.symbol).decimals
        supplied = read(shared.rpc, token_contract(entry.a_token), "totalSupply")
        borrowed = read(shared.rpc, token_contract(entry.variable_debt_token), "totalSupply")
        assert (supplied, borrowed) == (spec.supplied * unit, spec.borrowed * unit)


def test_pools__read_back__at_the_feeds_price(shared: LocalWorld) -> None:
    exchange = shared.deployment.uniswap_v3
    factory = factory_contract(exchange.factory)
    for spec in DEFAULT_WORLD.pools:
        entry = exchange.pools[spec.name]
        found = read(shared.rpc, factory, "getPool", entry.token0, entry.token1, entry.fee)
        assert found == entry.address
        pool = pool_contract(entry.address)
        names = ("token0", "token1", "fee", "tickSpacing")
        queries = [Query(pool, name) for name in names]
        assert read_all(shared.rpc, queries) == [
            *(entry.token0, entry.token1, entry.fee, entry.tick_spacing)
        ]
        root = read(shared.rpc, pool, "slot0")[0]
        token0, token1 = (
            DEFAULT_WORLD.token(shared.deployment.symbol(each))
            for each in (entry.token0, entry.token1)
        )
        price = Fraction(token0.price * 10**token1.decimals, token1.price * 10**token0.decimals)
        assert Fraction(root, 2**96) ** 2 <= price < Fraction(root + 1, 2**96) ** 2


def test_pools__positions__worth_what_is_specified(shared: LocalWorld) -> None:
    book = shared.deployment
    manager = position_manager_contract(book.uniswap_v3.position_manager)
    held = read(shared.rpc, manager, "balanceOf", book.liquidity_provider)
    assert held == sum(len(pool.positions) for pool in DEFAULT_WORLD.pools)
    for spec in DEFAULT_WORLD.pools:
        dollars = Fraction(0)
        for symbol in (spec.base, spec.quote):
            token = DEFAULT_WORLD.token(symbol)
            holder = book.uniswap_v3.pools[spec.name].address
            contract = token_contract(book.token(symbol).address)
            balance = read(shared.rpc, contract, "balanceOf", holder)
            dollars += Fraction(balance * token.price, 10 ** (token.decimals + 8))
        worth = sum(position.worth for position in spec.positions)
        # Each position loses less than a hundred base units of either token to rounding.
        assert worth - 1 < dollars <= worth


def test_pools__large_swap__crosses_the_ladder(shared: LocalWorld) -> None:
    book = shared.deployment
    quoter = quoter_contract(book.uniswap_v3.quoter)
    weth, usdc = book.token("WETH").address, book.token("USDC").address
    for tokens, amount in (((weth, usdc), 2_000 * 10**18), ((usdc, weth), 4_000_000 * 10**6)):
        quote = read(shared.rpc, quoter, "quoteExactInputSingle", (*tokens, amount, 500, 0))
        assert quote[2] == len(DEFAULT_WORLD.pools[0].positions) - 1


def test_tick_lens__default_pool__finds_initialised_ticks(shared: LocalWorld) -> None:
    exchange = shared.deployment.uniswap_v3
    entry = exchange.pools["WETH/USDC/500"]
    tick = read(shared.rpc, pool_contract(entry.address), "slot0")[1]
    word = tick // entry.tick_spacing >> 8
    lens = tick_lens_contract(exchange.tick_lens)
    assert read(shared.rpc, lens, "getPopulatedTicksInWord", entry.address, word)


def test_multicall__at_its_public_address__answers_at_the_head(shared: LocalWorld) -> None:
    multicall = Contract(shared.deployment.multicall, multicall_artifact().abi)
    now = multicall.data("getCurrentBlockTimestamp")
    answers = read(shared.rpc, multicall, "aggregate3", [(multicall.address, False, now)])
    assert answers == ((True, shared.head.timestamp.to_bytes(32, "big")),)


def test_markets__default_world__named_as_mandates_write_them(shared: LocalWorld) -> None:
    names = shared.deployment.markets
    assert {"erc20:WETH", "chainlink:WETH", "aave_v3:USDC", "uniswap_v3:WETH/USDC/500"} < set(names)
    assert len(names) == len(set(names)) == 3 + 3 + 3 + 4


def test_deploy_world__pool_of_one_basis_point__fee_enabled() -> None:
    pool = PoolSpec("WETH", "USDC", 100, (PositionSpec(1_000_000),))
    with local_world(replace(DEFAULT_WORLD, pools=(pool,))) as small:
        entry = small.deployment.uniswap_v3.pools["WETH/USDC/100"]
        assert read(small.rpc, pool_contract(entry.address), "tickSpacing") == 1


def test_deploy_world__shares_of_a_stake__lent_and_traded_at_their_feeds_price() -> None:
    with local_world(DEMO_WORLD) as world:
        book, rpc = world.deployment, world.rpc
        assert book.staking is not None
        stake = book.staking["stWETH"]
        lent, pool = book.aave_v3.reserves["stWETH"], book.uniswap_v3.pools["stWETH/WETH/100"]
        shares = staking_pool_contract(stake.address)
        assert lent.token == stake.address in (pool.token0, pool.token1)
        assert read(rpc, shares, "balanceOf", lent.a_token) == 4_000 * 10**18
        assert read(rpc, shares, "balanceOf", pool.address) > 0
        oracle = oracle_contract(book.aave_v3.oracle)
        worth = DEMO_WORLD.token("stWETH").price
        assert read(rpc, oracle, "getAssetPrice", stake.address) == worth
        root, *_ = read(rpc, pool_contract(pool.address), "slot0")
        assert root == 2**96  # a share trades for one ether where the world begins


def test_deploy_world__impossible_reserve__says_which_call_and_why() -> None:
    usdc = DEFAULT_WORLD.reserves[0]
    above = replace(usdc, loan_to_value=Bps(usdc.liquidation_threshold + 1))
    spec = replace(DEFAULT_WORLD, reserves=(above, *DEFAULT_WORLD.reserves[1:]))
    invalid_parameters = "20"
    refusal = f"configureReserveAsCollateral.* failed: {invalid_parameters}$"
    with Anvil(spec.node) as node, pytest.raises(ConfigError, match=refusal):
        deploy_world(node.rpc, spec)


def test_deploy_world__too_much_debt__says_which_and_why() -> None:
    alone = replace(DEFAULT_WORLD.reserves[0], supplied=1_000, borrowed=900)
    spec = replace(DEFAULT_WORLD, reserves=(alone,))
    not_covered = "borrowing 900 USDC failed: 36$"
    with Anvil(spec.node) as node, pytest.raises(ConfigError, match=not_covered):
        deploy_world(node.rpc, spec)


# ------------------------------------------------------------------------------------- Safes


def test_new_safe__created__at_its_address_with_one_owner(world: LocalWorld) -> None:
    new = world.new_safe(OWNER)
    (receipt,) = world.mine(transaction(world.deployment.agents[0], new.creation))
    assert receipt.ok
    safe = safe_contract(new.address)
    queries = [Query(safe, name) for name in ("VERSION", "getOwners", "getThreshold", "nonce")]
    assert read_all(world.rpc, queries) == ["1.4.1", (OWNER,), 1, 0]


def test_new_safe__other_owner_or_salt__other_address(shared: LocalWorld) -> None:
    places = {
        shared.new_safe(owner, salt).address
        for owner in (OWNER, shared.deployment.deployer)
        for salt in (0, 1)
    }
    assert len(places) == 4


# ------------------------------------------------------------------------------------ blocks


def test_mine__many_senders__mined_in_the_given_order(world: LocalWorld) -> None:
    agents = world.deployment.agents
    senders = [agents[(7 * turn) % len(agents)] for turn in range(200)]
    receipts = world.mine(*(Transaction(each, OWNER, b"", value=1, gas=21_000) for each in senders))
    assert [receipt.index for receipt in receipts] == list(range(200))
    block = world.rpc("eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    assert block["transactions"] == [receipt.hash for receipt in receipts]


def test_mine__tip_and_base_fee__paid(world: LocalWorld) -> None:
    sender = world.deployment.agents[0]
    before = world.rpc("eth_getBalance", sender, "latest")
    (receipt,) = world.mine(Transaction(sender, OWNER, b"", gas=21_000, tip=5), base_fee=1_000)
    after = world.rpc("eth_getBalance", sender, "latest")
    assert int(str(before), 16) - int(str(after), 16) == 21_000 * 1_005
    assert receipt.gas_used == 21_000


def test_mine__reverted__receipt_with_the_reason(world: LocalWorld) -> None:
    pool = aave_pool_contract(world.deployment.aave_v3.pool)
    usdc = world.deployment.token("USDC").address
    account = world.deployment.agents[0]
    call = pool.call("borrow", usdc, 1, VARIABLE_RATE, 0, account)
    (receipt,) = world.mine(transaction(account, call))
    collateral_is_zero = "34"
    assert (receipt.ok, receipt.error, receipt.logs) == (False, collateral_is_zero, ())


def test_mine__more_gas_than_a_block_has__says_so(world: LocalWorld) -> None:
    sender = world.deployment.agents[0]
    whole = world.spec.node.gas_limit
    two = [Transaction(sender, OWNER, b"", gas=whole) for _ in range(2)]
    with pytest.raises(ConfigError, match="of 2 transactions 1 were mined"):
        world.mine(*two)


def test_funding__mined__balance_grows(world: LocalWorld) -> None:
    world.mine(world.funding(OWNER, "WBTC", 5), world.funding(OWNER, "WBTC", 6))
    token = token_contract(world.deployment.token("WBTC").address)
    assert read(world.rpc, token, "balanceOf", OWNER) == 11


def test_give_native__any_account__balance_is_set(world: LocalWorld) -> None:
    world.give_native(ZERO_ADDRESS, 12_345)
    assert world.rpc("eth_getBalance", ZERO_ADDRESS, "latest") == hex(12_345)


def test_deployer__constructor_reverts__says_which_and_why(world: LocalWorld) -> None:
    strategy = "protocol/pool/DefaultReserveInterestRateStrategy"
    name = strategy.rsplit("/", maxsplit=1)[-1]
    deployer = Deployer(world.rpc, world.deployment.agents[0])
    built = artifact(f"@aave/core-v3/artifacts/contracts/{strategy}.sol/{name}.json")
    deployer.create(built, ZERO_ADDRESS, 10**27 + 1, *[0] * 8)
    with pytest.raises(ConfigError, match=f"creation of {name} failed: 83"):
        deployer.mine(Timestamp(world.head.timestamp + 12))


# ---------------------------------------------------------------------------------- the node


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def ends(process_id: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(process_id)


def test_anvil__closed__process_has_ended() -> None:
    with Anvil() as node:
        assert is_running(node.process_id)
    assert not is_running(node.process_id)


INVALID = "0xfe"
REVERT_WITH_A_ZERO_WORD = "0x60206000fd"


@pytest.mark.parametrize(
    "code, expected",
    [
        (INVALID, Answer(False, b"")),
        (REVERT_WITH_A_ZERO_WORD, Answer(False, bytes(32))),
        ("0x", Answer(True, b"")),
    ],
)
def test_answers__failed_execution__is_an_answer(
    world: LocalWorld, code: str, expected: Answer
) -> None:
    world.rpc("anvil_setCode", OWNER, code)
    assert world.rpc.answers([(OWNER, b"")]) == [expected]


def test_answers__request_that_cannot_be__raised(shared: LocalWorld) -> None:
    with pytest.raises(NodeRefusal, match="eth_call: "):
        shared.rpc.answers([(OWNER, b"")], block="yesterday")


def test_anvil__gone__error_names_its_address() -> None:
    with Anvil() as node:
        os.kill(node.process_id, signal.SIGKILL)
        assert ends(node.process_id)
        with pytest.raises(RpcError, match=f"no answer from the node at {node.url}"):
            node.rpc("eth_chainId")


def test_anvil__parent_is_killed__ends_too() -> None:
    program = (
        "import os, signal; from trimtab.lab.world import Anvil; node = Anvil(); "
        "print(node.process_id, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert ends(int(done.stdout))


def test_anvil__state_file_is_missing__says_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="anvil ended with status"):
        Anvil(NodeSpec(state=tmp_path / "missing.json"))


def test_anvil__specification__as_asked() -> None:
    spec = NodeSpec(chain_id=10, timestamp=1_600_000_000, accounts=3, base_fee=77)
    with Anvil(spec) as node:
        at = head(node.rpc)
        assert (at.chain, at.number, at.timestamp) == (10, 0, 1_600_000_000)
        accounts = node.rpc("eth_accounts")
        assert isinstance(accounts, list)
        assert len(accounts) == 3
        block = node.rpc("eth_getBlockByNumber", "latest", False)
        assert isinstance(block, dict)
        assert block["baseFeePerGas"] == hex(77)


def test_deploy_world__one_account__says_how_many_are_needed() -> None:
    spec = replace(DEFAULT_WORLD, node=NodeSpec(accounts=1))
    with Anvil(spec.node) as node, pytest.raises(ConfigError, match=r"1 accounts.* needs 2"):
        deploy_world(node.rpc, spec)


# ------------------------------------------------------------------------------ the compiler


def test_compiled__wrong_source__compilers_own_words(tmp_path: Path) -> None:
    (tmp_path / "Wrong.sol").write_text("pragma solidity ^0.8.0; contract Wrong { x }")
    with pytest.raises(ConfigError, match=r"(?s)Wrong.sol does not compile.*ParserError"):
        compiled(tmp_path, "Wrong.sol", "Wrong")


def test_compiled__again__from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first = multicall_artifact()

    def refuse() -> Path:
        raise AssertionError("the compiler runs although nothing changed")

    monkeypatch.setattr("trimtab.lab.world.compile.node_binary", refuse)
    assert multicall_artifact() == first
    assert (world_directory() / ".cache" / "solc").is_dir()
