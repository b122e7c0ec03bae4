"""Which contracts a perpetual market, or its cache of prices, consists of."""

from trimtab.core.abi import call_data
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.perpetual.market import Index, Perpetual
from trimtab.protocols.shared.code import Anatomy, Part, Relation


def anatomy(market: Perpetual | Index) -> Anatomy:
    """The contracts and how they are tied together.

    What is not modelled must not be there: a second price feed. The pool is a market of its own.
    """
    if isinstance(market, Index):
        feed = market.feed_address
        tied = Relation("feed of the index", market.address, call_data("getAggregator()"), feed)
        return Anatomy((Part("index", market.address),), (tied,))
    parts = (
        Part("clearing house", market.address),
        Part("vault", market.vault),
        Part("exchange", market.exchange),
        Part("order book", market.order_book),
        Part("account balance", market.account_balance),
        Part("configuration", market.config),
        Part("market registry", market.registry),
        Part("insurance fund", market.insurance_fund),
        Part("base token", market.base),
        Part("quote token", market.quote),
        Part("price feed", market.price_feed),
    )
    return Anatomy(parts, tuple(_relations(market)))


def _relations(market: Perpetual) -> list[Relation]:
    house, exchange, vault = market.address, market.exchange, market.vault
    balances, book = market.account_balance, market.order_book

    def tied(what: str, of: Address, signature: str, expected: Address, fixed: bool) -> Relation:
        return Relation(what, of, call_data(signature), expected, is_fixed=fixed)

    return [
        tied("vault", house, "getVault()", vault, True),
        tied("exchange", house, "getExchange()", exchange, True),
        tied("order book", house, "getOrderBook()", book, True),
        tied("account balance", house, "getAccountBalance()", balances, True),
        tied("insurance fund", house, "getInsuranceFund()", market.insurance_fund, True),
        tied("configuration", house, "getClearingHouseConfig()", market.config, True),
        tied("quote token", house, "getQuoteToken()", market.quote, True),
        tied("market registry", exchange, "getMarketRegistry()", market.registry, True),
        tied("account balance of the exchange", exchange, "getAccountBalance()", balances, False),
        tied("order book of the exchange", exchange, "getOrderBook()", book, True),
        tied("exchange of the order book", book, "getExchange()", exchange, False),
        tied("clearing house of the vault", vault, "getClearingHouse()", house, False),
        tied("clearing house of the exchange", exchange, "getClearingHouse()", house, False),
        tied("clearing house of the account balance", balances, "getClearingHouse()", house, False),
        tied("vault of the account balance", balances, "getVault()", vault, False),
        tied("vault of the insurance fund", market.insurance_fund, "getVault()", vault, False),
        tied("settlement token", vault, "getSettlementToken()", market.settlement.address, True),
        tied("price feed", market.base, "getPriceFeed()", market.price_feed, False),
        tied("index", market.price_feed, "getChainlinkPriceFeedV3()", market.index_address, True),
        tied("second feed", market.price_feed, "getUniswapV3PriceFeed()", ZERO_ADDRESS, False),
        Relation(
            "pool",
            market.registry,
            call_data("getPool(address)", market.base),
            market.pool_address,
        ),
    ]
