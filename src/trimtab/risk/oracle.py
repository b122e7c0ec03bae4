"""Prices of tokens in the numeraire from feeds that quote both in one currency."""

from collections.abc import Mapping
from fractions import Fraction

from trimtab.core.errors import ConfigError
from trimtab.core.prices import Prices, Quote
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.chainlink import Feed, Sequencer, believed_answer, check_sequencer


def oracle_prices(states: States, feeds: Mapping[Token, Feed], numeraire: Token) -> Prices:
    """What each token with a feed is worth in base units of the numeraire, exact.

    price = answer(token) / answer(numeraire) * unit(numeraire) / unit(token). Where the states
    hold a sequencer's uptime feed, no price is believed while it is down or just came up. Raises
    PriceDisagreement or StaleState, naming the feed, for an answer that cannot be believed, and
    ConfigError where the feeds quote in different currencies or the numeraire has none.
    """
    if numeraire not in feeds:
        raise ConfigError(f"the numeraire {numeraire.symbol} has no feed: name one in the mandate")
    now = states.timestamp
    for market in states.markets.values():
        if isinstance(market, Sequencer):
            check_sequencer(market, states[market], now)
    base = feeds[numeraire]
    unit_price = believed_answer(base, states[base], now)
    quotes: dict[Token, Quote] = {}
    for token, feed in feeds.items():
        if feed.quote != base.quote:
            raise ConfigError(
                f"{feed.name} quotes in {feed.quote}, {base.name} in {base.quote}: "
                "all feeds must quote in one currency"
            )
        answer = believed_answer(feed, states[feed], now)
        price = answer / unit_price * Fraction(numeraire.unit, token.unit)
        oldest = min(states[feed].updated_at, states[base].updated_at)
        quotes[token] = Quote(price, f"{feed.name} / {base.name}", oldest)
    return Prices(numeraire, now, quotes)
