"""Which contracts a pair consists of: itself, the router, and the factory that answers for it."""

from trimtab.core.abi import call_data
from trimtab.protocols.shared.code import Anatomy, Part, Relation
from trimtab.protocols.uniswap_v2.market import STANDARD_FEE, Fee, Pair


def anatomy(market: Pair) -> Anatomy:
    """Pair, router and factory, and that this factory made this pair.

    No contract tells its fee, which is part of its code: a pair that is declared with another
    fee has another role, and so is admitted by other code.
    """
    addresses = (market.token0.address, market.token1.address)
    return Anatomy(
        parts=(
            Part(_role("pair", market.fee), market.address),
            Part(_role("router", market.fee), market.router),
            Part("factory", market.factory),
        ),
        relations=(
            Relation(
                f"pair of its tokens by the factory {market.factory}",
                market.factory,
                call_data("getPair(address,address)", *addresses),
                market.address,
            ),
            Relation("factory of the pair", market.address, call_data("factory()"), market.factory),
            Relation(
                "factory of the router", market.router, call_data("factory()"), market.factory
            ),
        ),
    )


def _role(what: str, fee: Fee) -> str:
    if fee == STANDARD_FEE:
        return what
    return f"{what} that keeps {fee.kept0} and {fee.kept1} of {fee.parts}"
