import pytest

from tests.unit.protocols.curve.stable_pools import AT, FACTORY, POOL, account
from trimtab.core.abi import Answer, Read, call_data, word
from trimtab.core.errors import MissingRead
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.curve.identity import anatomy, asked
from trimtab.protocols.shared.code import Part


def test_anatomy__pool_of_the_factory__all_code_that_runs() -> None:
    assert asked(POOL) == (Read(FACTORY, call_data("get_implementation_address(address)", AT)),)
    found = anatomy(POOL, (Answer(True, word(account("7"))),))
    assert found.parts == (Part("pool", AT), Part("pool", account("7")), Part("factory", FACTORY))


@pytest.mark.parametrize(
    "answer", [Answer(True, word(ZERO_ADDRESS)), Answer(False, b""), Answer(True, bytes(31))]
)
def test_anatomy__factory_that_does_not_know_the_pool__refused(answer: Answer) -> None:
    with pytest.raises(MissingRead, match=r"did not make|get_implementation_address"):
        anatomy(POOL, (answer,))
