"""A perpetual in an address book: three markets of one entry, or why not."""

from dataclasses import fields

import msgspec
import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import Token, address_from_bytes
from trimtab.mandate.perpetuals import PerpetualEntry, perpetual
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.perpetual import Perpetual

PLACES = [bytes([0x10 + at]) * 20 for at in range(18)]
ADDRESSES = [address_from_bytes(each) for each in PLACES]
USDC = Token(1, address_from_bytes(b"\x01" * 20), 6, "USDC")
FEED = Feed(1, address_from_bytes(b"\x02" * 20), "chainlink:WETH", "WETH", "USD", 8, 3600)
ROUTER = str(address_from_bytes(b"\x03" * 20))
ENTRY = msgspec.convert(
    {
        **{
            each.name: str(at)
            for each, at in zip(msgspec.structs.fields(PerpetualEntry), ADDRESSES, strict=True)
        },
        "name": "ETH",
        "feed": "WETH",
        "settlement": "USDC",
        "pool_fee": 3_000,
        "tick_spacing": 60,
    },
    PerpetualEntry,
)


def test_perpetual__entry__market_index_and_pool_that_belong_together() -> None:
    market, index, pool = perpetual(1, ENTRY, {"USDC": USDC}, {"WETH": FEED}, ROUTER)
    assert [each.name for each in (market, index, pool)] == [
        "perpetual:ETH",
        "perpetual:ETH/index",
        "perpetual:ETH/pool",
    ]
    assert market.parts == (pool.id, index.id, FEED.id)
    assert index.parts == (FEED.id,)
    assert (pool.token0.address, pool.token1.address) == (market.base, market.quote)
    assert market.custody == ((USDC, market.vault), (USDC, market.insurance_fund))
    assert len({getattr(market, each.name) for each in fields(Perpetual)}) == len(fields(Perpetual))


@pytest.mark.parametrize(
    "tokens, feeds, router, why",
    [
        ({}, {"WETH": FEED}, ROUTER, "list both in the book"),
        ({"USDC": USDC}, {}, ROUTER, "list both in the book"),
        ({"USDC": USDC}, {"WETH": FEED}, None, "router"),
    ],
)
def test_perpetual__something_missing__says_what(
    tokens: dict[str, Token], feeds: dict[str, Feed], router: str | None, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        perpetual(1, ENTRY, tokens, feeds, router)
