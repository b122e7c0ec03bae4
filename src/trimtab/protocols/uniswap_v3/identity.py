"""Which contracts a pool consists of: itself, its factory, who trades in it and who mints."""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, word, words
from trimtab.core.token import address_from_bytes
from trimtab.protocols.shared.code import Anatomy, Part, Relation
from trimtab.protocols.uniswap_v3.market import Pool


def asked(market: Pool) -> tuple[Read, ...]:
    """Which factory the router takes its pools from."""
    return (Read(market.router, call_data("factory()")),)


def anatomy(market: Pool, answers: Sequence[Answer]) -> Anatomy:
    """Pool, router, factory and minter, and that all of them are of this factory.

    Raises MissingRead where the router names no factory.
    """
    (answer,) = answers
    (stated,) = words(answer, 1, f"factory() of the router {market.router}")
    factory = address_from_bytes(word(stated))
    pair = (market.token0.address, market.token1.address)
    minters = () if market.minter is None else (market.minter,)
    return Anatomy(
        parts=(
            Part("pool", market.address),
            Part("router", market.router),
            Part("factory", factory),
            *(Part("minter", minter) for minter in minters),
        ),
        relations=(
            Relation(
                f"pool of its tokens and fee by the factory {factory}",
                factory,
                call_data("getPool(address,address,uint24)", *pair, market.fee),
                market.address,
            ),
            Relation("factory of the pool", market.address, call_data("factory()"), factory),
            *(
                Relation("factory of the minter", minter, call_data("factory()"), factory)
                for minter in minters
            ),
        ),
    )
