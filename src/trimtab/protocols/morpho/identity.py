"""Which contracts a lending market consists of, and how they are tied together."""

from trimtab.core.abi import call_data
from trimtab.protocols.morpho.market import LendingMarket, Morpho, RateModel
from trimtab.protocols.morpho.oracles import FeedOracle, PriceOracle
from trimtab.protocols.shared.code import Anatomy, Part, Relation

RATE_MODELS = {
    RateModel.UTILISATION: "rate model by utilisation",
    RateModel.ADAPTIVE_CURVE: "adaptive-curve rate model",
}
"""What the rate models are called in the table of proven code, in which the second is not."""

FEED_ORACLE = "oracle over feeds"
"""What an oracle over feeds is called; it is not in the table either."""


def anatomy(market: LendingMarket | Morpho | PriceOracle | FeedOracle) -> Anatomy:
    """The contract, and a market's rate model; an oracle is a market of its own."""
    if isinstance(market, PriceOracle):
        return Anatomy((Part("oracle", market.address),))
    if isinstance(market, FeedOracle):
        return Anatomy((Part(FEED_ORACLE, market.address),))
    parts = [Part("contract", market.address)]
    if isinstance(market, Morpho):
        return Anatomy(tuple(parts))
    relations = [_loan_token(market)]
    if market.rates is not RateModel.NONE:
        parts.append(Part(RATE_MODELS[market.rates], market.rate_model))
    if market.keeps_rate:
        served = call_data("MORPHO()")
        relations.append(
            Relation("contract of the rate model", market.rate_model, served, market.address)
        )
    return Anatomy(tuple(parts), tuple(relations))


def _loan_token(market: LendingMarket) -> Relation:
    """The market of this id exists; the id is a hash of all its parameters."""
    asked = call_data("idToMarketParams(bytes32)", int(market.market_id, 16))
    return Relation(f"loan token of {market.name}", market.address, asked, market.loan.address)
