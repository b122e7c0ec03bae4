"""Chainlink price feeds: one answer with its moment, believed only within its heartbeat."""

from trimtab.protocols.chainlink.adapter import ChainlinkAdapter
from trimtab.protocols.chainlink.market import Feed, FeedState
from trimtab.protocols.chainlink.model import believed_answer

__all__ = ["ChainlinkAdapter", "Feed", "FeedState", "believed_answer"]
