"""From a mandate and an address book to the bot that runs."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from trimtab.allocation.books import UNASSIGNED
from trimtab.app.parameters import strategy_of
from trimtab.core.canonical import digest
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, MarketId, Place, State, Ticks, token_market, wallet
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.strategy import Need
from trimtab.core.token import Address, Token, address
from trimtab.engine.bot import Bot, Execution, Seat
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook
from trimtab.mandate.document import Mandate
from trimtab.mandate.limits import Limits
from trimtab.mandate.parse import parse_mandate
from trimtab.protocols.chainlink import Feed, Sequencer
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.shared.ticks import MAX_TICK
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.risk import is_lender, lent_tokens
from trimtab.routing import BestSinglePool, is_exchange, tokens_of

_RANGE = re.compile(r"(?P<market>[^@]+)@(?P<lower>-?\d{1,6}):(?P<upper>-?\d{1,6})")
GWEI = 10**9
NATIVE_DECIMALS = 18
DAYS_PER_YEAR = 365
BLIND_BLOCKS = 25
"""Blocks without sight after which the blindness breaker opens, unless the mandate says."""


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
    numeraire, native = book.token(mandate.numeraire), _native(mandate, book)
    named = [book.market(name) for name in mandate.markets]
    tokens = _tokens(named, numeraire, native)
    feeds = _feeds(mandate, book, tokens)
    lenders = _lenders(mandate, book)
    seats = tuple(
        Seat(entry.name, strategy_of(entry, book), entry.share, entry.sweeps)
        for entry in mandate.strategies
    )
    bot = Bot(
        mandate_hash=mandate_hash(mandate),
        account=account,
        adapters=ADAPTERS,
        markets=(
            *_sequencer(mandate, book),
            *_markets(book, [*named, *_loops(book, named, seats)], feeds),
        ),
        feeds=feeds,
        numeraire=numeraire,
        native=native,
        seats=seats,
        limits=_limits(mandate, numeraire),
        lenders=lenders,
        router=BestSinglePool(),
        execution=_execution(mandate),
        ranges=_ranges(mandate, book),
    )
    _check_seats(bot)
    _check_caps(mandate, bot)
    return bot


def _native(mandate: Mandate, book: AddressBook) -> Token:
    token = book.token(mandate.execution.native)
    if token.decimals != NATIVE_DECIMALS:
        raise ConfigError(
            f"execution.native names {token.symbol}, which has {token.decimals} decimals; gas is "
            f"paid in a currency of {NATIVE_DECIMALS}: name the token that wraps it, such as WETH"
        )
    return token


def _tokens(named: list[Market[State]], numeraire: Token, native: Token) -> tuple[Token, ...]:
    """The tokens that the book may hold, the numeraire first."""
    traded = [t for pool in named if is_exchange(pool) for t in tokens_of(pool)]
    lent = [token for lender in named if is_lender(lender) for token in lent_tokens(lender)]
    return tuple(dict.fromkeys((numeraire, *traded, *lent, native)))


def _feeds(mandate: Mandate, book: AddressBook, tokens: tuple[Token, ...]) -> dict[Token, Feed]:
    """The price feed of every token, as the mandate names it or by the token's symbol."""
    named = mandate.feeds or {}
    feeds = {}
    for symbol in named:
        if book.token(symbol) not in tokens:
            raise ConfigError(f"[feeds] names {symbol}, which no market of this mandate holds")
    for token in tokens:
        name = named.get(token.symbol, f"chainlink:{token.symbol}")
        feed = book.markets.get(name)
        if not isinstance(feed, Feed):
            known = sorted(n for n, market in book.markets.items() if isinstance(market, Feed))
            raise ConfigError(
                f"{name}, the price feed of {token.symbol}, is not in the address book; name "
                f"another under [feeds]: {', '.join(known)}"
            )
        feeds[token] = feed
    return feeds


def _ranges(mandate: Mandate, book: AddressBook) -> dict[MarketId, tuple[Ticks, ...]]:
    """The ranges that the mandate names, by market."""
    found: dict[MarketId, tuple[Ticks, ...]] = {}
    for text in mandate.ranges:
        match = _RANGE.fullmatch(text)
        if match is None or match["market"] not in mandate.markets:
            raise ConfigError(
                f"`ranges` names {text!r}, expected one of `markets`, then `@`, the lower tick, "
                "`:` and the upper tick, such as uniswap_v3:WETH/USDC/500@-1200:1200"
            )
        market = book.market(match["market"])
        if not isinstance(market, Pool):
            raise ConfigError(f"`ranges` names {text!r}, but {market.name} has no ranges")
        ticks = int(match["lower"]), int(match["upper"])
        if not -MAX_TICK <= ticks[0] < ticks[1] <= MAX_TICK:
            raise ConfigError(
                f"`ranges` names {text!r}: expected ticks from {-MAX_TICK} to {MAX_TICK}, the "
                "lower first"
            )
        found[market.id] = (*found.get(market.id, ()), ticks)
    return found


def _lenders(mandate: Mandate, book: AddressBook) -> tuple[Place, ...]:
    """Where tokens may be lent; margin is put at a perpetual for positions alone."""
    names = set(book.lending_names())
    lent = (name for name in mandate.markets if name in names)
    return tuple(book.place(name) for name in lent if not isinstance(book.market(name), Perpetual))


def _markets(
    book: AddressBook, named: list[Market[State]], feeds: Mapping[Token, Feed]
) -> tuple[Market[State], ...]:
    """Every market to read: tokens, feeds (those that lenders read too), then what was named."""
    owners = {token_market(token) for token in feeds}
    plain = [market for market in book.markets.values() if market.id in owners]
    parts = {part for market in (*plain, *named) for part in market.parts}
    read = [m for m in book.markets.values() if m in feeds.values() or m.id in parts]
    every: list[Market[State]] = [*plain, *read, *named]
    return tuple({market.id: market for market in every}.values())


def _loops(
    book: AddressBook, named: list[Market[State]], seats: tuple[Seat, ...]
) -> Iterator[FlashLoop]:
    """What enters and leaves loops at once, of lenders and exchanges in use, if any is borrowed."""
    needs = [need for seat in seats for need in seat.strategy.needs]
    if not any(isinstance(need, Place) and need.is_debt for need in needs):
        return
    used = {market.id for market in named}
    for loop in book.markets.values():
        if isinstance(loop, FlashLoop):
            lenders = tuple(each for each in loop.lenders if each in used)
            exchanges = tuple(each for each in loop.exchanges if each in used)
            if lenders and exchanges:
                yield replace(loop, lenders=lenders, exchanges=exchanges)


def _sequencer(mandate: Mandate, book: AddressBook) -> tuple[Market[State], ...]:
    """The uptime feed of the rollup's sequencer, if the mandate names one."""
    chain = mandate.chain
    if chain.sequencer is None:
        return ()
    name, grace = "chainlink:sequencer", chain.sequencer_grace
    return (Sequencer(book.chain, address(chain.sequencer), name, grace),)


def _limits(mandate: Mandate, numeraire: Token) -> Limits:
    entries = mandate.limits
    most, gas = entries.max_equity, entries.gas_per_day
    return Limits(
        caps=dict(sorted(entries.cap.items())),
        turnover_per_day=entries.turnover_per_day,
        minimum_idle=entries.minimum_idle,
        slippage=entries.slippage,
        state_age=entries.state_age,
        max_equity=None if most is None else Fraction(most * numeraire.unit),
        health=entries.health,
        gas_per_day=None if gas is None else gas * 10**NATIVE_DECIMALS,
    )


def _execution(mandate: Mandate) -> Execution:
    entry, chain = mandate.execution, mandate.chain
    return Execution(
        block_seconds=chain.block_seconds,
        deadline_blocks=chain.deadline_blocks,
        horizon=Fraction(entry.horizon_days, DAYS_PER_YEAR),
        fill_tolerance=entry.fill_tolerance,
        priority_fee=quantise(entry.priority_fee_gwei * GWEI, 1, Rounding.UP),
        max_fee=entry.max_fee_gwei * GWEI,
        finality_depth=chain.finality_depth,
        blind_after=chain.blind_after or BLIND_BLOCKS * chain.cadence * chain.block_seconds,
    )


def _check_seats(bot: Bot) -> None:
    """Raise ConfigError for a strategy that wants what the mandate does not give it."""
    markets = {market.id for market in bot.markets}
    positions = [market.position_place for market in bot.perpetuals]
    for seat in bot.seats:
        if seat.name == UNASSIGNED:
            raise ConfigError(f"a strategy cannot be named {UNASSIGNED!r}: choose another name")
        for need in seat.strategy.needs:
            is_there = not isinstance(need, Place) or need in (*bot.places, *positions)
            market = need.market if isinstance(need, Place) else None
            market = need.id if isinstance(need, Market) else market
            if not is_there or (market is not None and market not in markets):
                raise ConfigError(
                    f"strategy {seat.name!r} needs {need}, which is no part of this mandate: add "
                    "its market to `markets`"
                )
            if (other := bot.positions.get(_position(need, bot), seat.name)) != seat.name:
                raise ConfigError(
                    f"strategies {other!r} and {seat.name!r} both need "
                    f"{need.name if isinstance(need, Market) else need}: the account has one "
                    "position there, so let only one of them have it"
                )
            if not seat.sweeps and bot.sweeper and need in bot.lenders:
                raise ConfigError(
                    f"strategy {seat.name!r} lends at {need}, where {bot.sweeper.name!r} places "
                    "what idles of all: let only one of them lend"
                )


def _position(need: Need, bot: Bot) -> Place:
    """The place of the position that a need is of; another place where it is of none."""
    places = {market.margin_place: market.position_place for market in bot.perpetuals}
    if isinstance(need, Perpetual):
        return need.position_place
    return places.get(need, need) if isinstance(need, Place) else wallet(bot.numeraire)


def _check_caps(mandate: Mandate, bot: Bot) -> None:
    """Raise ConfigError for a cap that names nothing, since it would limit nothing."""
    known = sorted({name for names in bot.names().values() for name in names})
    for name in mandate.limits.cap:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise ConfigError(
                f"limits.cap names {name!r}, which is no place, protocol or token of this "
                f"mandate; {hint}"
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
