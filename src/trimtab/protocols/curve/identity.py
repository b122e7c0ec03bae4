"""Which contracts a pool consists of: itself, and the factory that made it.

A pool does not name its factory; the factory's answer says that the pool is its own, and the code
that it made it of.
"""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.errors import MissingRead
from trimtab.core.token import ZERO_ADDRESS, address_from_bytes
from trimtab.protocols.curve.market import StablePool
from trimtab.protocols.shared.code import Anatomy, Part


def asked(market: StablePool) -> tuple[Read, ...]:
    """What the factory made the pool of."""
    return (Read(market.factory, call_data("get_implementation_address(address)", market.address)),)


def anatomy(market: StablePool, answers: Sequence[Answer]) -> Anatomy:
    """Pool, what it hands every call to, and factory.

    Raises MissingRead where the factory did not make the pool.
    """
    (answer,) = answers
    (stated,) = words(answer, 1, f"get_implementation_address of the factory {market.factory}")
    implementation = address_from_bytes(word(stated))
    if implementation == ZERO_ADDRESS:
        raise MissingRead(f"the factory {market.factory} did not make {market.name}")
    return Anatomy(
        parts=(
            Part("pool", market.address),
            Part("pool", implementation),
            Part("factory", market.factory),
        ),
    )
