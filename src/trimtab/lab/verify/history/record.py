"""A pool's complete history, read from a node: what `trimtab verify --record` writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from trimtab.chain.blocks import PAGE, LogQuery, head
from trimtab.chain.node import Node
from trimtab.chain.rpc import CHAIN_ID, NodeRefusal, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.wire import hexadecimal, pin, quantity
from trimtab.core.abi import Answer, Log, call_data, log_words, words
from trimtab.core.errors import DataError, MissingRead, RpcError
from trimtab.core.market import Head
from trimtab.core.token import Address, address_from_bytes
from trimtab.lab.verify.files import MOST_ROWS, integer
from trimtab.lab.verify.history.events import (
    INITIALIZE,
    WIDEST_SPACING,
    Born,
    Placed,
    event_of_log,
    price,
)
from trimtab.lab.verify.history.written import check_new, write_history
from trimtab.protocols.uniswap_v3.model.step import PIPS

_MOST_PAGES = 20
_LONGEST_LOG = 1024
"""Bytes of a log's data: more than any event of a pool has."""

Tell = Callable[[str], None]


async def node_at(url: RpcUrl) -> Rpc:
    """A connection to the node at an address, of whatever chain it serves."""
    asking = Rpc(url, 0)
    try:
        chain = quantity((await asking.ask(CHAIN_ID)).into(str), "chain id")
    finally:
        await asking.close()
    return Rpc(url, chain)


async def record(node: Node, pool: Address, first: int, folder: Path, tell: Tell) -> int:
    """How many events were written: those of a pool from its birth, at block `first` or later.

    `tell` hears how far it is. Raises ConfigError for a folder that is there already, DataError
    for a pool that was not born since `first`, and RpcError for a node whose answers do not fit.
    """
    check_new(folder)
    await node.check_chain()
    last = await head(node, "latest")
    if first > last.number:
        raise DataError(f"block {first} is not there yet: the newest is {last.number}")
    tokens, fee, spacing = await _identity(node, pool, last)
    sqrt_price: int | None = None
    events: list[Placed] = []
    async for log in _logs(node, pool, first, last, tell):
        if log.topics[:1] == (INITIALIZE,):
            if sqrt_price is not None or len(log.data) != 64:
                raise DataError(f"{pool}: an Initialize in block {log.block} that cannot be")
            sqrt_price = price(log_words(log)[0], f"Initialize of {pool}")
            continue
        event = _event(log)
        if event is not None and sqrt_price is None:
            raise DataError(
                f"{pool} has events in block {log.block}, and no Initialize before them since "
                f"block {first}: begin at its birth or earlier"
            )
        if event is not None:
            events.append(event)
        if len(events) > MOST_ROWS:
            raise DataError(f"{pool} has more than {MOST_ROWS} events: record a smaller pool")
    if sqrt_price is None:
        raise DataError(f"{pool} was not initialised from block {first} to {last.number}")
    write_history(folder, tokens, Born(fee, spacing, sqrt_price), events)
    return len(events)


def _event(log: Log) -> Placed | None:
    what = f"block {log.block}, log {log.index}"
    if len(log.data) > _LONGEST_LOG or len(log.data) % 32:
        raise DataError(f"{what}: {len(log.data)} bytes of data, which no pool emits")
    event = event_of_log(log.topics, log_words(log), what)
    return None if event is None else Placed(log.block, log.index, event)


# ------------------------------------------------------------------------------------ asking


async def _logs(
    node: Node, pool: Address, first: int, last: Head, tell: Tell
) -> AsyncIterator[Log]:
    """The pool's logs in the chain's order, a piece of blocks at a time.

    A piece for which the node has too much to answer is asked again in quarters.
    """
    previous = await head(node, max(first - 1, 0))
    span = _MOST_PAGES * PAGE
    while previous.number < last.number:
        until = min(previous.number + span, last.number)
        end = last if until == last.number else await head(node, until)
        query = LogQuery((pool,), previous, end)
        try:
            logs = await query.logs(node, iter(await node.batch(query.requests())))
        except RpcError as error:
            too_much = isinstance(error, NodeRefusal) or error.fault == "limit"
            if not too_much or until - previous.number == 1:
                raise
            span = max(min(span, PAGE, until - previous.number) // 4, 1)
            continue
        for log in logs:
            yield log
        previous, span = end, min(span * 2, _MOST_PAGES * PAGE)
        tell(f"block {end.number:,} of {last.number:,}")


async def _identity(
    node: Node, pool: Address, at: Head
) -> tuple[tuple[Address, Address], int, int]:
    """The pool's tokens, fee in pips and tick spacing, as it states them itself."""
    names = ("token0()", "token1()", "fee()", "tickSpacing()")
    replies = await node.batch(
        [
            Request("eth_call", ({"to": pool, "data": "0x" + call_data(name).hex()}, pin(at)))
            for name in names
        ]
    )
    found = []
    for name, reply in zip(names, replies, strict=True):
        try:
            data = hexadecimal(reply.into(str), name)
        except NodeRefusal as error:
            raise MissingRead(
                f"{pool} does not answer {name} ({error.words}): is it a Uniswap V3 pool?"
            ) from None
        found.append(words(Answer(True, data), 1, f"{name} of {pool}")[0])
    token0, token1 = (address_from_bytes(each.to_bytes(32, "big")[12:]) for each in found[:2])
    fee = integer(found[2], f"fee of {pool}", 0, PIPS - 1)
    return (token0, token1), fee, integer(found[3], f"tick spacing of {pool}", 1, WIDEST_SPACING)
