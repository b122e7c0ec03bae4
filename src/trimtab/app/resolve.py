"""From a mandate and an address book to the bot that runs."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from trimtab.app.parameters import strategy_of
from trimtab.core.canonical import digest
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, Place, State
from trimtab.core.token import Address, Token
from trimtab.engine.bot import Bot, Execution, Seat
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook
from trimtab.mandate.document import Mandate
from trimtab.mandate.limits import Limits
from trimtab.mandate.parse import parse_mandate
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing import BestSinglePool

GWEI = 10**9
DAYS_PER_YEAR = 365


def read_mandate(path: Path) -> tuple[Mandate, str]:
    """The mandate in a file, and its text. Raises ConfigError for a file that cannot be read.

    The file's folder becomes importable, so that a strategy may lie beside its mandate.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the mandate {path} cannot be read: {reason}") from None
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    return parse_mandate(text, str(path)), text


def mandate_hash(mandate: Mandate) -> str:
    """The mandate's identity: names of strategies and their raw parameters included."""
    return digest(_plain(mandate))


def resolve(mandate: Mandate, book: AddressBook, account: Address) -> Bot:
    """The bot that a mandate describes, for an account.

    Raises ConfigError, with the nearest names, for what the address book does not list.
    """
    if mandate.chain.id != book.chain:
        raise ConfigError(
            f"the mandate is for chain {mandate.chain.id}, the address book for chain "
            f"{book.chain}: name the book of the mandate's chain"
        )
    numeraire = book.token(mandate.numeraire)
    named = [book.market(name) for name in mandate.markets]
    tokens = _tokens(named, numeraire, book.token(mandate.execution.native))
    feeds = {token: _feed(mandate, book, token) for token in tokens}
    lenders = _lenders(mandate, book)
    seats = tuple(
        Seat(entry.name, strategy_of(entry, book), entry.share, entry.sweeps)
        for entry in mandate.strategies
    )
    bot = Bot(
        mandate_hash=mandate_hash(mandate),
        account=account,
        adapters=ADAPTERS,
        markets=_markets(book, named, tokens),
        feeds=feeds,
        numeraire=numeraire,
        native=book.token(mandate.execution.native),
        seats=seats,
        limits=_limits(mandate, numeraire),
        lenders=lenders,
        router=BestSinglePool(),
        execution=_execution(mandate),
    )
    _check_names(mandate, bot)
    return bot


def _tokens(named: list[Market[State]], numeraire: Token, native: Token) -> tuple[Token, ...]:
    """The tokens that the book may hold, the numeraire first."""
    traded = [t for pool in named if isinstance(pool, Pool) for t in (pool.token0, pool.token1)]
    lent = [r.token for pool in named if isinstance(pool, LendingPool) for r in pool.reserves]
    return tuple(dict.fromkeys((numeraire, *traded, *lent, native)))


def _feed(mandate: Mandate, book: AddressBook, token: Token) -> Feed:
    name = (mandate.feeds or {}).get(token.symbol, f"chainlink:{token.symbol}")
    feed = book.market(name)
    if not isinstance(feed, Feed):
        raise ConfigError(f"{name} is not a price feed: name one for {token.symbol} under [feeds]")
    return feed


def _lenders(mandate: Mandate, book: AddressBook) -> tuple[Place, ...]:
    names = set(book.lending_names())
    return tuple(book.place(name) for name in mandate.markets if name in names)


def _markets(
    book: AddressBook, named: list[Market[State]], tokens: tuple[Token, ...]
) -> tuple[Market[State], ...]:
    """Every market to read: tokens, feeds (those that lenders read too), then what was named."""
    held = {token.symbol for token in tokens}
    plain = [m for m in book.markets.values() if isinstance(m, Erc20) and m.token.symbol in held]
    parts = {part for market in named for part in market.parts}
    feeds = [
        m
        for m in book.markets.values()
        if isinstance(m, Feed) and (m.base in held or m.id in parts)
    ]
    every: list[Market[State]] = [*plain, *feeds, *named]
    return tuple({market.id: market for market in every}.values())


def _limits(mandate: Mandate, numeraire: Token) -> Limits:
    entries = mandate.limits
    most = entries.max_equity
    return Limits(
        caps=dict(sorted(entries.cap.items())),
        turnover_per_day=entries.turnover_per_day,
        minimum_idle=entries.minimum_idle,
        slippage=entries.slippage,
        state_age=entries.state_age,
        max_equity=None if most is None else Fraction(most * numeraire.unit),
    )


def _execution(mandate: Mandate) -> Execution:
    entry, chain = mandate.execution, mandate.chain
    return Execution(
        block_seconds=chain.block_seconds * chain.cadence,
        deadline_blocks=chain.deadline_blocks,
        horizon=Fraction(entry.horizon_days, DAYS_PER_YEAR),
        fill_tolerance=entry.fill_tolerance,
        priority_fee=int(entry.priority_fee_gwei * GWEI),
        max_fee=entry.max_fee_gwei * GWEI,
    )


def _check_names(mandate: Mandate, bot: Bot) -> None:
    """Raise ConfigError for a cap that names nothing, since it would limit nothing."""
    known = sorted({name for names in bot.names().values() for name in names})
    for name in mandate.limits.cap:
        if name not in known:
            raise ConfigError(
                f"limits.cap names {name!r}, which is no place, protocol or token of this "
                f"mandate; known: {', '.join(known)}"
            )


def _plain(value: object) -> object:
    """Structs as mappings, for the canonical form."""
    if hasattr(value, "__struct_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
