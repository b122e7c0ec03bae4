"""What is asked of the real pool, and what is refused when it is read."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from tests.laws.law import read_states
from tests.unit.protocols.aave_v3.scene import AAVE, ADAPTERS, CONTRACTS, Scene
from trimtab.core.abi import Answer, call_data
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import Contract, data_provider_contract, oracle_contract
from trimtab.protocols.aave_v3 import (
    CategorySource,
    LendingPool,
    LendingState,
    ReserveConfiguration,
)

pytestmark = pytest.mark.chain

STABLE_RATE = 1


def read_pool(scene: Scene, pool: LendingPool) -> LendingState:
    """The state of another declaration of the scene's pool."""
    return read_states(scene, ADAPTERS, [pool], scene.accounts)[pool]


def provider(scene: Scene) -> Contract:
    path = "protocol/configuration/PoolAddressesProvider.sol/PoolAddressesProvider.json"
    return Contract.at(scene.pool.addresses_provider, CONTRACTS + path)


# -------------------------------------------------------------------------------------- asking


def test_reads__known_state__one_round_without_what_governance_sets(scene: Scene) -> None:
    states = scene.states()
    question = Question(scene.pool, scene.accounts, states.head, states[scene.pool])
    cold = AAVE.reads(replace(question, known=None))
    hot = AAVE.reads(question)
    reserves, owners = len(scene.pool.reserves), len(scene.owners)
    others, categories, premiums = owners, 2, 2  # the operator in place of oneself
    of_an_owner = 3 + (2 + 2 * others) * reserves
    assert len(hot) == premiums + categories + 4 * reserves + owners * of_an_owner
    assert len(cold) == len(hot) + 6 + 1 + categories + 10 * reserves
    assert AAVE.reads(replace(question, round=1)) == ()


def test_decode__known_or_not__the_same(scene: Scene) -> None:
    scene.supply(scene.owners[0], "USDC", 1_000)
    states = scene.states()
    assert scene.states(known=states).states == states.states


def test_decode__reserve__as_the_data_provider_says(scene: Scene) -> None:
    scene.govern("setSupplyCap", scene.token("WETH").address, 1_234)
    scene.govern("setBorrowCap", scene.token("WETH").address, 567)
    found = scene.state().reserve(scene.token("WETH")).configuration
    asked = data_provider_contract(scene.deployment.aave_v3.data_provider)
    token = scene.token("WETH").address

    def said(function: str) -> tuple[object, ...]:
        answer = scene.static(asked.address, asked.data(function, token))
        return tuple(asked.values(function, answer, 1))

    decimals, ltv, threshold, _, factor, _, borrowing, _, active, frozen = said(
        "getReserveConfigurationData"
    )
    assert (found.decimals, found.loan_to_value, found.liquidation_threshold) == (
        decimals, ltv, threshold,
    )  # fmt: skip
    assert (found.reserve_factor, found.is_borrowing_enabled) == (factor, borrowing)
    assert (found.is_active, found.is_frozen) == (active, frozen)
    assert (found.borrow_cap, found.supply_cap) == said("getReserveCaps")


def test_reserve_configuration__each_field__from_its_own_bits() -> None:
    fields = {
        "loan_to_value": (0, 16), "liquidation_threshold": (16, 16), "decimals": (48, 8),
        "is_active": (56, 1), "is_frozen": (57, 1), "is_borrowing_enabled": (58, 1),
        "is_paused": (60, 1), "is_siloed": (62, 1), "reserve_factor": (64, 16),
        "borrow_cap": (80, 36), "supply_cap": (116, 36), "efficiency_category": (168, 8),
        "debt_ceiling": (212, 40), "liquidation_bonus": (32, 16),
        "is_borrowable_in_isolation": (61, 1), "is_flash_loan_enabled": (63, 1),
        "liquidation_protocol_fee": (152, 16),
    }  # fmt: skip
    for name, (start, count) in fields.items():
        full = ((1 << count) - 1) << start
        assert getattr(ReserveConfiguration(full), name) == (1 << count) - 1
        assert not getattr(ReserveConfiguration(~full & (2**256 - 1)), name)


# ------------------------------------------------------------------------------------ refusing


def grant_isolated_supplier(scene: Scene, holder: Address) -> None:
    path = "protocol/configuration/ACLManager.sol/ACLManager.json"
    manager = Contract.at(scene.deployment.aave_v3.acl_manager, CONTRACTS + path)
    role = keccak(text="ISOLATED_COLLATERAL_SUPPLIER")
    scene.send(scene.deployment.deployer, manager.call("grantRole", role, holder))


def enter_category(scene: Scene) -> None:
    scene.govern("setEModeCategory", 3, 9_000, 9_300, 10_200, ZERO_ADDRESS, "dollars")
    scene.pool_call(scene.owners[0], "setUserEMode", 3)


def owe_stable(scene: Scene) -> None:
    first, second = scene.owners[:2]
    usdc = scene.token("USDC").address
    scene.govern("setReserveStableRateBorrowing", usdc, True)
    scene.supply(first, "WETH", 10)
    scene.supply(second, "USDC", 10_000)
    scene.pool_call(first, "borrow", usdc, 10**8, STABLE_RATE, 0, first)


@pytest.mark.parametrize(
    "change, words",
    [
        (enter_category, "in efficiency mode 3, which is not declared"),
        (owe_stable, "USDC in aave_v3 has stable debt"),
        (
            lambda s: (
                s.govern("setEModeCategory", 3, 9_000, 9_300, 10_200, ZERO_ADDRESS, "dollars"),
                s.govern("setAssetEModeCategory", s.token("DAI").address, 3),
            ),
            "DAI in aave_v3 is in the efficiency mode category 3, which is not declared",
        ),
        (
            lambda s: s.govern(
                "setEModeCategory", 2, 9_000, 9_300, 10_200, s.token("DAI").address, "ether"
            ),
            "price source of category 2 of aave_v3",
        ),
        (
            lambda s: s.govern(
                "setReserveInterestRateStrategyAddress",
                s.token("DAI").address,
                s.reserve("USDC").rate_strategy,
            ),
            "rate strategy of DAI",
        ),
    ],
)
@pytest.mark.parametrize("is_known", [False, True])
def test_decode__what_is_not_modelled__refused_each_block(
    scene: Scene, change: Callable[[Scene], object], words: str, is_known: bool
) -> None:
    known = scene.states() if is_known else None
    change(scene)
    with pytest.raises(DataError, match=words):
        scene.states(known)


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda s: provider(s).call("setPriceOracleSentinel", s.pool.oracle),
            "price oracle sentinel",
        ),
        (
            lambda s: provider(s).call("setPriceOracle", s.pool.addresses_provider),
            "the price oracle of aave_v3 is 0x",
        ),
        (
            lambda s: oracle_contract(s.pool.oracle).call("setFallbackOracle", s.pool.oracle),
            "fallback oracle",
        ),
        (
            lambda s: oracle_contract(s.pool.oracle).call(
                "setAssetSources", [s.token("DAI").address], [s.pool.oracle]
            ),
            "price feed of DAI in aave_v3",
        ),
    ],
)
def test_decode__other_oracle__refused_at_the_first_reading(
    scene: Scene, change: Callable[[Scene], object], words: str
) -> None:
    scene.send(scene.deployment.deployer, change(scene))  # type: ignore[arg-type]
    with pytest.raises(DataError, match=words):
        scene.states()


@pytest.mark.parametrize(
    "field, words",
    [
        ("a_token", "aToken of DAI"),
        ("variable_debt_token", "variable debt token of DAI"),
        ("stable_debt_token", "stable debt token of DAI"),
        ("rate_strategy", "rate strategy of DAI"),
        ("feed", "price feed of DAI"),
        ("id", "DAI in aave_v3 has the id 3, not 0"),
    ],
)
def test_decode__contract_of_another_reserve_declared__refused(
    scene: Scene, field: str, words: str
) -> None:
    usdc, dai = scene.reserve("USDC"), scene.reserve("DAI")
    wrong = replace(dai, **{field: getattr(usdc, field)})
    reserves = tuple(wrong if each == dai else each for each in scene.pool.reserves)
    with pytest.raises(DataError, match=words):
        read_pool(scene, replace(scene.pool, reserves=reserves))


def test_decode__no_contract_declared__missing(scene: Scene) -> None:
    wrong = replace(scene.pool.reserves[0], variable_debt_token=ZERO_ADDRESS)
    with pytest.raises(MissingRead, match="a total supply of USDC in aave_v3 answered 0 bytes"):
        read_pool(scene, replace(scene.pool, reserves=(wrong, *scene.pool.reserves[1:])))


def test_decode__other_decimals__refused(scene: Scene) -> None:
    first, *others = scene.pool.reserves
    wrong = replace(first, token=replace(first.token, decimals=18))
    with pytest.raises(DataError, match="6 decimals, but the token was declared with 18"):
        read_pool(scene, replace(scene.pool, reserves=(wrong, *others)))


def test_decode__account_in_an_undeclared_reserve__refused(scene: Scene) -> None:
    declared = replace(scene.pool, reserves=scene.pool.reserves[:2])
    assert len(read_pool(scene, declared).reserves) == 2
    scene.supply(scene.owners[0], "DAI", 1)
    with pytest.raises(DataError, match="reserves that are not declared"):
        read_pool(scene, declared)


def test_decode__reserves_declared_in_any_order__by_id(scene: Scene) -> None:
    turned = replace(scene.pool, reserves=scene.pool.reserves[::-1])
    state = read_pool(scene, turned)
    assert [reserve.reserve.id for reserve in state.reserves.values()] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("answer", [Answer(False, b""), Answer(True, b""), Answer(True, bytes(31))])
def test_decode__answer_refused_or_short__missing(scene: Scene, answer: Answer) -> None:
    head = Head(31337, 0, "0x", Timestamp(0))
    question = Question(scene.pool, Accounts(()), head)
    with pytest.raises(MissingRead, match="the addresses provider or the oracle of aave_v3"):
        AAVE.decode(question, [answer] * len(AAVE.reads(question)))


def reserve_data(scene: Scene, symbol: str, change: Callable[[bytes], bytes]) -> LendingState:
    """The pool's state where what it answers of one reserve is changed."""
    states = scene.states()
    question = Question(scene.pool, scene.accounts, states.head, states[scene.pool])
    asked = AAVE.reads(question)
    answers = [scene.static(read.to, read.data) for read in asked]
    wanted = call_data("getReserveData(address)", scene.token(symbol).address)
    at = [read.data for read in asked].index(wanted)
    answers[at] = Answer(True, change(answers[at].data))
    return AAVE.decode(question, answers)


def test_decode__reserve_of_one_word_less__missing(scene: Scene) -> None:
    assert reserve_data(scene, "DAI", lambda data: data) == scene.state()
    with pytest.raises(MissingRead, match="getReserveData of DAI in aave_v3 answered 448 bytes"):
        reserve_data(scene, "DAI", lambda data: data[:-32])


def test_decode__unbacked_tokens__refused_whatever_the_isolated_debt(scene: Scene) -> None:
    one = bytes(31) + b"\x01"
    with pytest.raises(DataError, match=r"DAI in aave_v3 has unbacked aTokens \(1 base units\)"):
        reserve_data(scene, "DAI", lambda data: data[: 13 * 32] + one + data[14 * 32 :])
    isolated = reserve_data(scene, "DAI", lambda data: data[: 14 * 32] + one)
    assert isolated.reserve(scene.token("DAI")).isolated_debt == 1


def test_decode__debt_ceiling_without_the_acl_manager__refused(scene: Scene) -> None:
    scene.govern("setDebtCeiling", scene.token("DAI").address, 10**6)
    assert read_pool(scene, scene.pool) == scene.state()
    with pytest.raises(DataError, match="DAI in aave_v3 has a debt ceiling, and no ACL manager"):
        read_pool(scene, replace(scene.pool, acl_manager=None))


def test_decode__another_acl_manager__refused(scene: Scene) -> None:
    wrong = replace(scene.pool, acl_manager=scene.pool.oracle)
    with pytest.raises((DataError, MissingRead), match="ACL manager of aave_v3"):
        read_pool(scene, wrong)


def test_decode__a_token_with_the_role_of_isolated_suppliers__refused(scene: Scene) -> None:
    grant_isolated_supplier(scene, scene.reserve("DAI").a_token)
    with pytest.raises(DataError, match="aToken of DAI in aave_v3 may switch isolated"):
        scene.states()


def test_decode__category_declared_by_half__refused(scene: Scene) -> None:
    scene.govern("setEModeCategory", 1, 9_000, 9_300, 10_200, ZERO_ADDRESS, "dollars")
    half = CategorySource(1, feed=scene.reserve("DAI").feed)
    with pytest.raises(DataError, match="category 1 of aave_v3"):
        read_pool(scene, replace(scene.pool, categories=(half, *scene.pool.categories[1:])))
