"""`check`: the mandate as it is understood, and what a stolen key could do under it."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

from trimtab.app.attached import place_of
from trimtab.app.local import LOCAL, Setting, hosted, signer_of
from trimtab.app.resolve import mandate_hash, resolve
from trimtab.engine.bot import Bot
from trimtab.mandate import Mandate

STOLEN_KEY = (
    "everything in the Safe: the signer is the Safe's only owner, so whoever has the key can send "
    "what the Safe holds anywhere, at once; the limits bind this program, not the key"
)


def checked(mandate: Mandate, world: Path | None) -> dict[str, object]:
    """The resolved mandate as plain values.

    Names are looked up in the world file, or else in a local world made for the purpose. Raises
    ConfigError or SignerError for what cannot be used.
    """
    if world is not None or mandate.chain.book != LOCAL:
        place = place_of(mandate, world)
        bot = resolve(mandate, place.book, place.account)
        where = str(place.rpc)
    else:
        bot = asyncio.run(_in_a_new_world(mandate))
        where = "a local world, made for every rehearsal"
    return _told(mandate, bot, where)


async def _in_a_new_world(mandate: Mandate) -> Bot:
    setting = Setting(seed=0, blocks=0)
    signer = signer_of(mandate, setting.seed)
    async with hosted(setting, signer, mandate.chain.block_seconds) as host:
        return resolve(mandate, host.book, host.safe)


def _told(mandate: Mandate, bot: Bot, where: str) -> dict[str, object]:
    limits = bot.limits
    return {
        "hash": mandate_hash(mandate),
        "account": bot.account,
        "chain": f"{mandate.chain.id} at {where}",
        "numeraire": bot.numeraire.symbol,
        "markets": [market.name for market in bot.markets],
        "places": [str(place) for place in bot.places],
        "strategies": {seat.name: repr(seat.strategy) for seat in bot.seats},
        "shares": {
            seat.name: "sweeps" if seat.sweeps else _percent(seat.share) for seat in bot.seats
        },
        "caps": {name: _percent(cap) for name, cap in limits.caps.items()},
        "turnover_per_day": _percent(limits.turnover_per_day),
        "minimum_idle": _percent(limits.minimum_idle),
        "slippage": _percent(limits.slippage),
        "state_age": f"{limits.state_age} s",
        "health": f"{float(limits.health):g}",
        "gas_per_day": _native(limits.gas_per_day, bot),
        "stolen_key": STOLEN_KEY,
    }


def in_words(found: dict[str, object]) -> str:
    """The same for people: a line a value, lists and tables indented."""
    lines: list[str] = []
    for key, value in found.items():
        name = key.replace("_", " ")
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {inner}: {item}" for inner, item in value.items())]
        elif isinstance(value, list):
            lines += [f"{name}:", *(f"  {item}" for item in value)]
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _native(wei: Fraction | None, bot: Bot) -> str:
    return "no limit" if wei is None else f"{float(wei / bot.native.unit):g} {bot.native.symbol}"


def _percent(share: Fraction) -> str:
    return f"{float(share):.4g}" if share > 10 else f"{float(100 * share):g} %"
