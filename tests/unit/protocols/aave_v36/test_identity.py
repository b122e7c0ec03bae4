"""The contracts that a pool of the 3.6 line consists of."""

from tests.unit.protocols.aave_v36.lending import FEEDS, POOL, RESERVES
from trimtab.chain.identities import proven
from trimtab.core.abi import call_data
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.aave_v36.identity import anatomy


def test_anatomy__pool__every_contract_in_a_role_of_the_table() -> None:
    parts = anatomy(POOL).parts
    tokens = {t for r in RESERVES for t in (r.a_token, r.variable_debt_token)}
    whole = {POOL.address, POOL.addresses_provider, POOL.oracle, POOL.rate_strategy}
    assert {part.address for part in parts} == tokens | whole
    for part in parts:
        assert len(proven().of("aave_v36", part.role)) == 1, part.role


def test_identities__all_of_them__proven_on_source_alone() -> None:
    found = [each for each in proven().identities if each.protocol == "aave_v36"]
    assert {each.proven for each in found} == {"source"}
    assert {each.origin.split(" ")[0] for each in found} == {"source"}


def test_anatomy__pool__feeds_named_and_nothing_that_is_not_modelled() -> None:
    relations = anatomy(POOL).relations
    named = {(each.of, each.data): each.expected for each in relations}
    for token, feed in FEEDS.items():
        asked = call_data("getSourceOfAsset(address)", token.address)
        assert named[POOL.oracle, asked] == feed.rsplit(":", 1)[1]
    absent = {each.what for each in relations if each.expected == ZERO_ADDRESS}
    assert {"price oracle sentinel", "fallback oracle"} < absent
    assert "incentives of the aToken of ETH" in absent
