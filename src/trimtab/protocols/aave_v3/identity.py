"""Which contracts a lending pool consists of, and how they are tied together."""

from trimtab.core.abi import call_data
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.protocols.aave_v3.market import LendingPool, Reserve
from trimtab.protocols.shared.code import Anatomy, Part, Relation


def anatomy(market: LendingPool) -> Anatomy:
    """The pool, what it is governed and priced by, and the contracts of every declared reserve.

    That the pool itself names these tokens and rate strategies is compared at every reading.
    What is not modelled must not be there: a price sentinel, a fallback oracle, controllers of
    incentives, which the tokens call whenever a balance changes.
    """
    parts = [
        Part("pool", market.address),
        Part("addresses provider", market.addresses_provider),
        Part("oracle", market.oracle),
    ]
    relations = _relations(market)
    if market.acl_manager is not None:
        parts.append(Part("ACL manager", market.acl_manager))
        relations.append(_relation_of_roles(market, market.acl_manager))
    for reserve in market.reserves:
        parts += [*_tokens(reserve), Part("rate strategy", reserve.rate_strategy)]
        relations += _relations_of(reserve, market)
    return Anatomy(tuple(parts), tuple(relations))


def _tokens(reserve: Reserve) -> list[Part]:
    return [
        Part("aToken", reserve.a_token),
        Part("variable debt token", reserve.variable_debt_token),
        Part("stable debt token", reserve.stable_debt_token),
    ]


def _relations(market: LendingPool) -> list[Relation]:
    pool, provider, oracle = market.address, market.addresses_provider, market.oracle
    sentinel = call_data("getPriceOracleSentinel()")
    fallback = call_data("getFallbackOracle()")
    return [
        Relation("provider of the pool", pool, call_data("ADDRESSES_PROVIDER()"), provider),
        Relation("provider of the oracle", oracle, call_data("ADDRESSES_PROVIDER()"), provider),
        Relation("pool", provider, call_data("getPool()"), pool, is_fixed=False),
        Relation("price oracle", provider, call_data("getPriceOracle()"), oracle, is_fixed=False),
        Relation("price oracle sentinel", provider, sentinel, ZERO_ADDRESS, is_fixed=False),
        Relation("fallback oracle", oracle, fallback, ZERO_ADDRESS, is_fixed=False),
    ]


def _relation_of_roles(market: LendingPool, manager: Address) -> Relation:
    asked = call_data("getACLManager()")
    return Relation("ACL manager", market.addresses_provider, asked, manager, is_fixed=False)


def _relations_of(reserve: Reserve, market: LendingPool) -> list[Relation]:
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
            Relation(f"incentives of {what}", of, incentives, ZERO_ADDRESS, is_fixed=False),
        ]
    return found
