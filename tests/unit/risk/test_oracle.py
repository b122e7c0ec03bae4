from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import Desk
from trimtab.core.errors import ConfigError, PriceDisagreement, StaleState
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.chainlink import Feed
from trimtab.risk import oracle_prices


def feeds(desk: Desk) -> dict[Token, Feed]:
    found = {}
    for symbol, token in desk.book.tokens.items():
        feed = desk.book.market(f"chainlink:{symbol}")
        assert isinstance(feed, Feed)
        found[token] = feed
    return found


def answering(desk: Desk, symbol: str, answer: int) -> States:
    """The states with another answer of a feed."""
    feed = desk.book.market(f"chainlink:{symbol}")
    return desk.start.with_states({feed.id: replace(desk.start[feed], answer=answer)})


def test_oracle_prices__token__base_units_per_base_unit_exact(desk: Desk) -> None:
    states = answering(desk, "USDC", 99_999_999)
    prices = oracle_prices(states, feeds(desk), desk.token("USDC"))
    expected = Fraction(2_000 * 10**8, 99_999_999) * Fraction(10**6, 10**18)
    assert prices.price(desk.token("WETH")) == expected


def test_oracle_prices__numeraire__one_whatever_its_feed_says(desk: Desk) -> None:
    prices = oracle_prices(answering(desk, "USDC", 3), feeds(desk), desk.token("USDC"))
    assert prices.price(desk.token("USDC")) == 1


def test_oracle_prices__source_and_age__of_the_older_of_two_feeds(desk: Desk) -> None:
    feed = desk.book.market("chainlink:USDC")
    older = replace(desk.start[feed], updated_at=Timestamp(desk.start[feed].updated_at - 50))
    prices = oracle_prices(
        desk.start.with_states({feed.id: older}), feeds(desk), desk.token("USDC")
    )
    quote = prices.quote(desk.token("WETH"))
    assert (quote.source, quote.updated_at) == ("chainlink:WETH / chainlink:USDC", older.updated_at)


@pytest.mark.parametrize("answer", [0, -1])
def test_oracle_prices__answer_not_positive__refused_by_the_feeds_name(
    desk: Desk, answer: int
) -> None:
    with pytest.raises(PriceDisagreement, match=f"chainlink:WETH answers {answer}: a price is"):
        oracle_prices(answering(desk, "WETH", answer), feeds(desk), desk.token("USDC"))


def test_oracle_prices__older_than_its_heartbeat__refused_by_the_feeds_name(desk: Desk) -> None:
    late = replace(desk.start.head, timestamp=Timestamp(desk.start.timestamp + 3_700))
    states = replace(desk.start, heads={desk.start.clock: late})
    with pytest.raises(StaleState, match=r"chainlink:WETH was updated \d+ s ago, its heartbeat"):
        oracle_prices(states, feeds(desk), desk.token("USDC"))


def test_oracle_prices__feeds_in_two_currencies__refused(desk: Desk) -> None:
    weth = desk.token("WETH")
    mixed = feeds(desk)
    mixed[weth] = replace(mixed[weth], quote="EUR")
    with pytest.raises(ConfigError, match="quotes in EUR, chainlink:USDC in USD: all feeds must"):
        oracle_prices(desk.start, mixed, desk.token("USDC"))


def test_oracle_prices__numeraire_without_feed__says_to_name_one(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="the numeraire USDC has no feed: name one"):
        oracle_prices(desk.start, {}, desk.token("USDC"))
