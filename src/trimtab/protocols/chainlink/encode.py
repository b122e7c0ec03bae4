"""A feed's update as a call."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import UpdateAnswer
from trimtab.protocols.chainlink.market import Feed


def update_answer(feed: Feed, action: UpdateAnswer) -> Call:
    """The call of `updateAnswer` on a mock aggregator."""
    return Call(feed.address, call_data("updateAnswer(int256)", action.answer))
