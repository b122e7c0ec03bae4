from dataclasses import replace

from tests.unit.protocols.aave_v3.reserves import POOL, RESERVE, account
from trimtab.core.abi import call_data
from trimtab.core.market import MarketId
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.aave_v3.identity import anatomy
from trimtab.protocols.shared.code import Part, Relation

FEED = account("2")
LENDER = replace(POOL, reserves=(replace(RESERVE, feed=MarketId(f"chainlink:1:{FEED}")),))
PROVIDER, ORACLE, TOKEN = POOL.addresses_provider, POOL.oracle, RESERVE.token.address
TOKENS = {
    "aToken": RESERVE.a_token,
    "variable debt token": RESERVE.variable_debt_token,
    "stable debt token": RESERVE.stable_debt_token,
}


def test_anatomy__pool__every_contract_once() -> None:
    assert anatomy(LENDER).parts == (
        Part("pool", POOL.address),
        Part("addresses provider", PROVIDER),
        Part("oracle", ORACLE),
        *(Part(role, at) for role, at in TOKENS.items()),
        Part("rate strategy", RESERVE.rate_strategy),
    )


def test_anatomy__pool__what_governance_can_change_is_not_fixed() -> None:
    loose = {each.data: (each.of, each.expected) for each in anatomy(LENDER).relations[:6]}
    assert loose == {
        call_data("ADDRESSES_PROVIDER()"): (ORACLE, PROVIDER),
        call_data("getPool()"): (PROVIDER, POOL.address),
        call_data("getPriceOracle()"): (PROVIDER, ORACLE),
        call_data("getPriceOracleSentinel()"): (PROVIDER, ZERO_ADDRESS),
        call_data("getFallbackOracle()"): (ORACLE, ZERO_ADDRESS),
    }
    fixed = {each.what for each in anatomy(LENDER).relations if each.is_fixed}
    assert fixed == {
        "provider of the pool",
        "provider of the oracle",
        *(f"{what} of the {role} of WHOLE" for what in ("pool",) for role in TOKENS),
        *(f"token behind the {role} of WHOLE" for role in TOKENS),
    }


def test_anatomy__acl_manager__a_contract_that_the_provider_names() -> None:
    manager = account("b")
    found = anatomy(replace(LENDER, acl_manager=manager))
    assert Part("ACL manager", manager) in found.parts
    asked = call_data("getACLManager()")
    named = Relation("ACL manager", PROVIDER, asked, manager, is_fixed=False)
    assert set(found.relations) - set(anatomy(LENDER).relations) == {named}


def test_anatomy__reserve__its_tokens_and_its_feed() -> None:
    found = anatomy(LENDER).relations
    source = call_data("getSourceOfAsset(address)", TOKEN)
    assert Relation("price feed of WHOLE", ORACLE, source, FEED, is_fixed=False) in found
    for role, at in TOKENS.items():
        what = f"the {role} of WHOLE"
        assert Relation(f"pool of {what}", at, call_data("POOL()"), POOL.address) in found
        underlying = call_data("UNDERLYING_ASSET_ADDRESS()")
        assert Relation(f"token behind {what}", at, underlying, TOKEN) in found
        incentives = call_data("getIncentivesController()")
        none = Relation(f"incentives of {what}", at, incentives, ZERO_ADDRESS, is_fixed=False)
        assert none in found
    assert len(found) == 6 + 1 + 3 * len(TOKENS)
