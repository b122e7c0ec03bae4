"""What a market's oracle answers.

Sources: OracleMock.sol of Morpho Blue; MorphoChainlinkOracleV2.sol and ChainlinkDataFeedLib.sol of
its oracles, with the `mulDiv` of OpenZeppelin 5.0.
"""

from collections.abc import Iterable
from typing import Protocol, cast

from trimtab.core.abi import UINT256_MAX, selector
from trimtab.core.market import MarketId
from trimtab.core.states import Reverted, States
from trimtab.protocols.morpho.market import LendingMarket
from trimtab.protocols.morpho.model.arithmetic import DIVISION_PANIC
from trimtab.protocols.morpho.oracles import FeedOracle, OracleState
from trimtab.protocols.shared.reverts import RevertError, checked, refuse

OVERFLOW = Reverted(selector("MathOverflowedMulDiv()"))


class PriceFeed(Protocol):
    """What an oracle asks of a feed's state."""

    @property
    def answer(self) -> int:
        """The latest answer."""


def collateral_price(states: States, market: LendingMarket) -> int:
    """Base units of the loan token for one of collateral, times 10**36.

    Raises MissingRead if the oracle, or a feed of it, is not part of the states.
    """
    oracle = states.market(market.price)
    if isinstance(oracle, FeedOracle):
        return price_of_feeds(states, oracle)
    return cast(OracleState, states.state(market.price)).price


def price_of_feeds(states: States, oracle: FeedOracle) -> int:
    """What an oracle over feeds answers, rounded down."""
    numerator = _product(states, oracle.base_feeds)
    denominator = _product(states, oracle.quote_feeds)
    product = oracle.scale_factor * numerator
    if product <= UINT256_MAX:
        if denominator == 0:
            raise RevertError(DIVISION_PANIC)
        return product // denominator
    if denominator <= product >> 256:
        raise RevertError(OVERFLOW)
    return product // denominator


def _product(states: States, feeds: Iterable[MarketId]) -> int:
    """The product of the feeds' answers; one without any."""
    product = 1
    for feed in feeds:
        answer = cast(PriceFeed, states.state(feed)).answer
        if answer < 0:
            raise refuse("negative answer")
        product = checked(product * answer)
    return product
