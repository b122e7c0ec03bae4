"""Which contracts a lending pool consists of, and how they are tied together."""

from trimtab.core.abi import call_data
from trimtab.core.token import ZERO_ADDRESS, address
from trimtab.protocols.aave_v36.market import LendingPool36, Reserve
from trimtab.protocols.shared.code import Anatomy, Part, Relation


def anatomy(market: LendingPool36) -> Anatomy:
    """The pool, what it is governed, priced and rated by, and every declared reserve's tokens.

    That the pool itself names these tokens is compared at every reading. What is not modelled
    must not be there: a price sentinel, a fallback oracle, controllers of incentives, which the
    tokens call whenever a balance changes.
    """
    parts = [
        Part("pool", market.address),
        Part("addresses provider", market.addresses_provider),
        Part("oracle", market.oracle),
        Part("rate strategy", market.rate_strategy),
    ]
    relations = _relations(market)
    for reserve in market.reserves:
        parts += _tokens(reserve)
        relations += _relations_of(reserve, market)
    return Anatomy(tuple(parts), tuple(relations))


def _tokens(reserve: Reserve) -> list[Part]:
    return [
        Part("aToken", reserve.a_token),
        Part("variable debt token", reserve.variable_debt_token),
    ]


def _relations(market: LendingPool36) -> list[Relation]:
    pool, provider, oracle = market.address, market.addresses_provider, market.oracle
    strategy, asked = market.rate_strategy, call_data("ADDRESSES_PROVIDER()")
    sentinel = call_data("getPriceOracleSentinel()")
    fallback = call_data("getFallbackOracle()")
    rated = call_data("RESERVE_INTEREST_RATE_STRATEGY()")
    return [
        Relation("provider of the pool", pool, asked, provider),
        Relation("provider of the oracle", oracle, asked, provider),
        Relation("provider of the rate strategy", strategy, asked, provider),
        Relation("rate strategy", pool, rated, strategy),
        Relation("pool", provider, call_data("getPool()"), pool, is_fixed=False),
        Relation("price oracle", provider, call_data("getPriceOracle()"), oracle, is_fixed=False),
        Relation("price oracle sentinel", provider, sentinel, ZERO_ADDRESS, is_fixed=False),
        Relation("fallback oracle", oracle, fallback, ZERO_ADDRESS, is_fixed=False),
    ]


def _relations_of(reserve: Reserve, market: LendingPool36) -> list[Relation]:
    token, symbol = reserve.token.address, reserve.token.symbol
    source = call_data("getSourceOfAsset(address)", token)
    *_, feed_address = reserve.feed.split(":")
    feed = address(feed_address)
    found = [Relation(f"price feed of {symbol}", market.oracle, source, feed, is_fixed=False)]
    underlying = call_data("UNDERLYING_ASSET_ADDRESS()")
    incentives = call_data("getIncentivesController()")
    for part in _tokens(reserve):
        of, what = part.address, f"the {part.role} of {symbol}"
        found += [
            Relation(f"pool of {what}", of, call_data("POOL()"), market.address),
            Relation(f"token behind {what}", of, underlying, token),
            Relation(f"incentives of {what}", of, incentives, ZERO_ADDRESS),
        ]
    return found
