from dataclasses import replace

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.abi import Answer, Read, call_data, word
from trimtab.core.errors import MissingRead
from trimtab.core.token import Address
from trimtab.protocols.shared.code import Part, Relation
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.protocols.uniswap_v3.identity import anatomy, asked

AT, ROUTER, FACTORY, MINTER = (Address("0x" + digit * 40) for digit in "789b")
FIRST, SECOND = sorted((USDC, WETH), key=lambda token: int(token.address, 16))
POOL = Pool(1, AT, "uniswap_v3:WETH/USDC/500", FIRST, SECOND, 500, 10, ROUTER)


def test_asked__pool__the_factory_of_its_router() -> None:
    assert asked(POOL) == (Read(ROUTER, call_data("factory()")),)


def test_anatomy__pool__its_factory_answers_for_it() -> None:
    found = anatomy(POOL, (Answer(True, word(FACTORY)),))
    assert found.parts == (Part("pool", AT), Part("router", ROUTER), Part("factory", FACTORY))
    pair = (FIRST.address, SECOND.address)
    assert found.relations == (
        Relation(
            f"pool of its tokens and fee by the factory {FACTORY}",
            FACTORY,
            call_data("getPool(address,address,uint24)", *pair, 500),
            AT,
        ),
        Relation("factory of the pool", AT, call_data("factory()"), FACTORY),
    )


@pytest.mark.parametrize("answer", [Answer(False, b""), Answer(True, b""), Answer(True, bytes(31))])
def test_anatomy__router_that_names_no_factory__refused(answer: Answer) -> None:
    with pytest.raises(MissingRead, match=r"factory\(\) of the router"):
        anatomy(POOL, (answer,))


def test_anatomy__pool_with_a_minter__of_the_same_factory() -> None:
    plain = anatomy(POOL, (Answer(True, word(FACTORY)),))
    found = anatomy(replace(POOL, minter=MINTER), (Answer(True, word(FACTORY)),))
    assert found.parts == (*plain.parts, Part("minter", MINTER))
    named = Relation("factory of the minter", MINTER, call_data("factory()"), FACTORY)
    assert found.relations == (*plain.relations, named)
