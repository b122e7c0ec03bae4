from dataclasses import replace

import pytest

from tests.support.desk import Desk
from tests.unit.core.test_token import USDC
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import MarketId
from trimtab.core.states import Applied, Movement, Reverted, reverted
from trimtab.core.token import Address

STRANGER = Address("0x" + "5" * 40)


def test_reverted__require__reason_in_words() -> None:
    assert reverted("Too little received").reason == "Too little received"


def test_reverted__bare_or_custom__bytes_in_hexadecimal() -> None:
    assert [Reverted(b"").reason, Reverted(b"\x12\x34").reason] == ["0x", "0x1234"]


@pytest.mark.parametrize("reason", ["", "AS", "x" * 32, "y" * 33])
def test_reverted__any_length__padded_to_words(reason: str) -> None:
    data = reverted(reason).data
    assert (data[:4].hex(), (len(data) - 4) % 32, Reverted(data).reason) == ("08c379a0", 0, reason)


def test_state__market_that_was_not_read__says_to_add_it(desk: Desk) -> None:
    with pytest.raises(MissingRead, match="add it to the mandate's markets"):
        desk.start.state(MarketId("uniswap_v3:1:0x"))


def test_market__not_part_of_the_states__refused(desk: Desk) -> None:
    with pytest.raises(MissingRead, match="is not part of these states"):
        desk.start.market(MarketId("uniswap_v3:1:0x"))


def test_fold__movement__credited_to_the_tokens_own_market(desk: Desk) -> None:
    token, market = desk.token("USDC"), desk.book.market("erc20:USDC")
    moved = Movement(token, desk.lender.reserves[0].a_token, desk.account, 7)
    after = desk.start.fold(Applied({}, (moved,)))
    assert after[market].balance(desk.account) == 7
    assert desk.start[market].balance(desk.account) == 0


def test_fold__token_that_no_market_owns__violates_conservation(desk: Desk) -> None:
    moved = Movement(USDC, desk.other, desk.account, 7)
    with pytest.raises(InvariantViolation, match=r"INV-1 conservation: 7 of .* moved"):
        desk.start.fold(Applied({}, (moved,)))


def test_fold__changed_states__replaced(desk: Desk) -> None:
    feed = desk.book.market("chainlink:WETH")
    changed = replace(desk.start[feed], answer=1)
    assert desk.start.fold(Applied({feed.id: changed}))[feed].answer == 1
