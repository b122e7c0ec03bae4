"""How a mandate's chain is reached: where it is read, where it is sent to, who tells of blocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from trimtab.chain.blocks import Freshness
from trimtab.chain.heads import Heads, Pace
from trimtab.chain.node import Node
from trimtab.chain.nodes import Nodes
from trimtab.chain.relay import Relay
from trimtab.chain.rollup import DataCharge, rollup_of
from trimtab.chain.rpc import Patience, Rpc
from trimtab.chain.secret import RpcUrl, SocketUrl
from trimtab.core.errors import ConfigError
from trimtab.mandate import Mandate
from trimtab.mandate.document import Chain

LOCAL = "local"
GWEI = 10**9
LEAST_HEAD_AGE = 60
"""Seconds that a newest block may always be old, unless the mandate says: clocks differ."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The nodes of a mandate. Addresses are opaque: they carry keys.

    `is_local` where one of them is the local world's own, whose clock is not the wall's.
    """

    read: tuple[RpcUrl, ...]
    submit: tuple[RpcUrl, ...]
    socket: SocketUrl | None
    is_local: bool


def addresses_of(chain: Chain, local: str | None) -> Addresses:
    """The addresses that a mandate names; `local` is that of the running local world, if any.

    Raises ConfigError where one cannot be read, or is local and there is no local world.
    """

    def loaded(source: str) -> RpcUrl:
        if source == LOCAL and local is None:
            raise ConfigError(
                "chain.rpc or chain.submit says `local`, and no local world runs: give addresses"
            )
        return RpcUrl.load(local if source == LOCAL and local is not None else source)

    read = tuple(map(loaded, chain.rpc))
    submit = read if chain.submit is None else tuple(map(loaded, chain.submit))
    socket = None if chain.websocket is None else SocketUrl.load(chain.websocket)
    return Addresses(read, submit, socket, LOCAL in chain.rpc)


def reading(chain: Chain, addresses: Addresses, clock: Callable[[], float] = time.time) -> Nodes:
    """The nodes that the chain is read at; `clock` is the wall's, for the age of newest blocks."""
    bound = _head_age(chain, addresses)
    freshness = None if bound == 0 else Freshness(bound, clock)
    return Nodes(_rpcs(chain, addresses.read), chain.quorum, freshness)


def sending(chain: Chain, addresses: Addresses) -> Relay:
    """The nodes that transactions are sent to, over connections of their own."""
    return Relay(_rpcs(chain, addresses.submit))


def following(
    chain: Chain, addresses: Addresses, node: Node, tell: Callable[[str], None] = lambda _: None
) -> Heads:
    """The chain's newest heads, of which `node` is asked; `tell` hears of the socket's troubles."""
    pace = Pace(
        poll=0.2 if addresses.is_local else min(chain.block_seconds / 4, 2.0),
        silence=max(5.0 * chain.block_seconds, 10.0),
        timeout=float(chain.timeout),
    )
    return Heads(node, addresses.socket, pace, tell)


def data_charge(mandate: Mandate) -> DataCharge:
    """What the chain charges for data, under the mandate's bound.

    Raises ConfigError for a chain of which that is not known.
    """
    rollup = rollup_of(mandate.chain.id, mandate.chain.rollup)
    return DataCharge(rollup, mandate.execution.max_data_fee_gwei * GWEI)


def _rpcs(chain: Chain, urls: tuple[RpcUrl, ...]) -> list[Rpc]:
    """A connection to each; one of several is not asked twice before the next one is."""
    patience = Patience(timeout=float(chain.timeout), attempts=3 if len(urls) == 1 else 1)
    return [Rpc(url, chain.id, patience) for url in urls]


def _head_age(chain: Chain, addresses: Addresses) -> int:
    """The most seconds that a newest block may be old, 0 for any."""
    if chain.max_head_age is not None:
        return chain.max_head_age
    return 0 if addresses.is_local else max(10 * chain.block_seconds, LEAST_HEAD_AGE)
