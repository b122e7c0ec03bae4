import pytest

from tests.unit.protocols.balancer.weighted_pools import (
    AT,
    COLLECTOR,
    FACTORY,
    POOL,
    VAULT,
)
from trimtab.core.abi import Answer, word
from trimtab.core.errors import MissingRead
from trimtab.core.token import Address
from trimtab.protocols.balancer.identity import anatomy, asked

PROVIDER = Address("0x" + "12" * 20)


def test_anatomy__named_by_the_factory__pool_vault_factory_provider() -> None:
    (read,) = asked(POOL)
    assert read.to == FACTORY
    found = anatomy(POOL, [Answer(True, word(PROVIDER))])
    assert [(part.role, part.address) for part in found.parts] == [
        ("pool", AT),
        ("vault", VAULT),
        ("factory", FACTORY),
        ("provider of fees", PROVIDER),
    ]
    named = {(each.of, each.expected) for each in found.relations}
    truth = "0x" + "0" * 39 + "1"
    assert named == {(FACTORY, truth), (AT, VAULT), (VAULT, AT), (VAULT, COLLECTOR)}


def test_anatomy__factory_that_names_no_provider__missing() -> None:
    with pytest.raises(MissingRead, match="provider of fees"):
        anatomy(POOL, [Answer(False, b"")])
