"""Chainlink feeds: one answer with its moment, a price's believed only within its heartbeat."""

from trimtab.protocols.chainlink.adapter import ChainlinkAdapter
from trimtab.protocols.chainlink.market import Feed, FeedState, Sequencer, SequencerState
from trimtab.protocols.chainlink.model import believed_answer, check_sequencer

__all__ = [
    "ChainlinkAdapter",
    "Feed",
    "FeedState",
    "Sequencer",
    "SequencerState",
    "believed_answer",
    "check_sequencer",
]
