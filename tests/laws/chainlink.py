"""Drawn feed updates: any answer, also those that nobody should believe."""

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.actions import Action, UpdateAnswer
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.chainlink import Feed


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """An update of one feed."""
    feeds = [market for market in states.markets.values() if isinstance(market, Feed)]
    feed = draw(st.sampled_from(feeds))
    answer = draw(
        st.one_of(
            st.sampled_from([0, 1, -1, 2**255 - 1, -(2**255)]), st.integers(-(10**20), 10**20)
        )
    )
    return UpdateAnswer(draw(st.sampled_from(owners)), feed.id, answer)


PORT = Port("chainlink", actions, ("UpdateAnswer",), protocols=("chainlink",))
