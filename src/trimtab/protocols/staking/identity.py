"""Which contracts a staking pool consists of: itself. It names its token and roles, for good."""

from trimtab.core.abi import call_data
from trimtab.protocols.shared.code import Anatomy, Part, Relation
from trimtab.protocols.staking.market import StakingPool


def anatomy(market: StakingPool) -> Anatomy:
    """The pool, and that its token, its oracle and its operator are the market's."""
    named = (
        ("asset", market.asset.address),
        ("oracle", market.oracle),
        ("operator", market.operator),
    )
    return Anatomy(
        parts=(Part("pool", market.address),),
        relations=tuple(
            Relation(f"{what} of the pool", market.address, call_data(f"{what}()"), expected)
            for what, expected in named
        ),
    )
