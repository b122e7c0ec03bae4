"""Of which contracts a pair consists."""

from tests.unit.protocols.uniswap_v2.pairs import FACTORY, PAIR, ROUTER, pair
from trimtab.chain.identities import proven
from trimtab.protocols.uniswap_v2 import Fee
from trimtab.protocols.uniswap_v2.identity import anatomy


def test_anatomy__standard_fee__roles_that_are_proven() -> None:
    parts = anatomy(pair()).parts
    assert {part.address for part in parts} == {PAIR, ROUTER, FACTORY}
    assert all(proven().of("uniswap_v2", part.role) for part in parts)


def test_anatomy__fee_of_a_fork__no_code_is_proven_for_it() -> None:
    of_pair, router, _ = anatomy(pair(Fee(9_975, 9_975, 10_000))).parts
    assert of_pair.role == "pair that keeps 9975 and 9975 of 10000"
    assert not proven().of("uniswap_v2", of_pair.role)
    assert not proven().of("uniswap_v2", router.role)


def test_anatomy__relations__factory_pair_and_router_name_each_other() -> None:
    relations = anatomy(pair()).relations
    assert [(each.of, each.expected) for each in relations] == [
        (FACTORY, PAIR),
        (PAIR, FACTORY),
        (ROUTER, FACTORY),
    ]
