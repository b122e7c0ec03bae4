"""Which contracts a pool consists of: itself, the vault, and the factory that answers for it.

The factory also says who tells the pool the protocol's part of fees.
"""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.token import address_from_bytes
from trimtab.protocols.balancer.market import WeightedPool
from trimtab.protocols.shared.code import Anatomy, Part, Relation

_TRUE = address_from_bytes(word(1))
"""The word of a `true`, where an address is expected."""


def asked(market: WeightedPool) -> tuple[Read, ...]:
    """Who tells the factory's pools the protocol's part of fees."""
    return (Read(market.factory, call_data("getProtocolFeePercentagesProvider()")),)


def anatomy(market: WeightedPool, answers: Sequence[Answer]) -> Anatomy:
    """Pool, vault, factory and provider of fees, and that they name each other.

    Raises MissingRead where the factory names no provider.
    """
    (answer,) = answers
    (stated,) = words(answer, 1, f"the provider of fees of the factory {market.factory}")
    of_pool = call_data("isPoolFromFactory(address)", market.address)
    registered = call_data("getPool(bytes32)", int.from_bytes(market.pool_id, "big"))
    collector = call_data("getProtocolFeesCollector()")
    return Anatomy(
        parts=(
            Part("pool", market.address),
            Part("vault", market.vault),
            Part("factory", market.factory),
            Part("provider of fees", address_from_bytes(word(stated))),
        ),
        relations=(
            Relation(f"answer of the factory {market.factory}", market.factory, of_pool, _TRUE),
            Relation("vault of the pool", market.address, call_data("getVault()"), market.vault),
            Relation("pool of its id in the vault", market.vault, registered, market.address),
            Relation("collector of fees", market.vault, collector, market.fees_collector),
        ),
    )
