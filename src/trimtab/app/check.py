"""`check`: the mandate as it is understood, and what a stolen key could do under it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from trimtab.app.attached import Place, place_of
from trimtab.app.connection import reading
from trimtab.app.custody import (
    Inspected,
    NotInspected,
    admission_words,
    custody_words,
    inspected,
    stolen_key,
)
from trimtab.app.local import LOCAL, Setting, hosted, signer_of
from trimtab.app.resolve import mandate_hash, resolve
from trimtab.chain.multicall import Multicall
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.engine.bot import Bot
from trimtab.mandate import Mandate


def checked(mandate: Mandate, world: Path | None) -> dict[str, object]:
    """The resolved mandate as plain values.

    Names are looked up in the world file, or else in a local world made for the purpose; the
    chain is asked who can move the funds, and which code the markets run. Raises ConfigError or
    SignerError for what cannot be used.
    """
    if world is not None or mandate.chain.book != LOCAL:
        place = place_of(mandate, world)
        bot, found = asyncio.run(_on_its_chain(mandate, place))
        where = str(place.rpc)
    else:
        bot, found = asyncio.run(_in_a_new_world(mandate))
        where = "a local world, made for every rehearsal"
    return _told(mandate, bot, where, found)


async def _on_its_chain(mandate: Mandate, place: Place) -> tuple[Bot, Inspected | NotInspected]:
    bot = resolve(mandate, place.book, place.account)
    nodes = reading(mandate.chain, place.addresses)
    try:
        return bot, await inspected(nodes, bot, Multicall(place.book.multicall))
    finally:
        await nodes.close()


async def _in_a_new_world(mandate: Mandate) -> tuple[Bot, Inspected | NotInspected]:
    setting = Setting(seed=0, blocks=0)
    signer = signer_of(mandate, setting.seed)
    async with hosted(setting, signer, mandate.chain.block_seconds) as host:
        bot = resolve(mandate, host.book, host.safe)
        rpc = Rpc(RpcUrl(host.world.node.url), host.book.chain)
        try:
            return bot, await inspected(rpc, bot, Multicall(host.book.multicall))
        finally:
            await rpc.close()


def _told(
    mandate: Mandate, bot: Bot, where: str, found: Inspected | NotInspected
) -> dict[str, object]:
    limits = bot.limits
    return {
        "hash": mandate_hash(mandate),
        "account": bot.account,
        "chain": f"{mandate.chain.id} at {where}",
        "numeraire": bot.numeraire.symbol,
        "markets": [market.name for market in bot.markets],
        "places": [str(place) for place in bot.places],
        "strategies": {seat.name: _strategy(seat.strategy) for seat in bot.seats},
        "shares": {
            seat.name: "sweeps" if seat.sweeps else _percent(seat.share) for seat in bot.seats
        },
        "caps": {name: _percent(cap) for name, cap in limits.caps.items()},
        "turnover_per_day": _percent(limits.turnover_per_day),
        "minimum_idle": _percent(limits.minimum_idle),
        "slippage": _percent(limits.slippage),
        "state_age": f"{limits.state_age} s",
        "max_equity": _equity(limits.max_equity, bot),
        "health": f"{float(limits.health):g}",
        "gas_per_day": _native(limits.gas_per_day, bot),
        "admission": admission_words(found),
        "custody": custody_words(found),
        "stolen_key": stolen_key(found),
    }


def in_words(found: dict[str, object]) -> str:
    """The same for people: a line a value, lists and tables indented."""
    lines: list[str] = []
    for key, value in found.items():
        name = key.replace("_", " ")
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {inner}: {_inner(item)}" for inner, item in value.items())]
        elif isinstance(value, list):
            lines += [f"{name}:", *(f"  {item}" for item in value)]
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _inner(item: object) -> str:
    if isinstance(item, list):
        return ", ".join(map(str, item)) or "none"
    return str(item)


def _strategy(strategy: object) -> str:
    """A strategy's class and parameters, tokens and places by name."""
    if not is_dataclass(strategy):
        return type(strategy).__name__
    told = (f"{each.name} {_parameter(getattr(strategy, each.name))}" for each in fields(strategy))
    return "; ".join((type(strategy).__name__, *told))


def _parameter(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_parameter(key)} {_parameter(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_parameter, value)) or "none"
    if isinstance(value, timedelta):
        return f"{value / timedelta(days=1):g} d"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _equity(most: Fraction | None, bot: Bot) -> str:
    unit, symbol = bot.numeraire.unit, bot.numeraire.symbol
    return "no limit" if most is None else f"{int(most / unit):,} {symbol}"


def _native(wei: Fraction | None, bot: Bot) -> str:
    return "no limit" if wei is None else f"{float(wei / bot.native.unit):g} {bot.native.symbol}"


def _percent(share: Fraction) -> str:
    return f"{float(share):.4g}" if share > 10 else f"{float(100 * share):g} %"
