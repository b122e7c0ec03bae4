"""Who can move the funds of an account, in words that suppose nothing."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.chain.admission import Admission, NotAdmitted, admissions
from trimtab.chain.blocks import head
from trimtab.chain.custody import Custody, Foreign, Key, Shared, custody
from trimtab.chain.multicall import Multicall
from trimtab.chain.node import Node
from trimtab.core.errors import DataError
from trimtab.engine.bot import Bot

LIMITS_BIND = "the limits bind this program, not the key"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the chain says about an account and the markets of its mandate."""

    custody: Custody
    admissions: tuple[Admission, ...]


@dataclass(frozen=True, slots=True)
class NotInspected:
    """The chain did not answer; nothing is known about the account."""

    why: str


async def inspected(node: Node, bot: Bot, multicall: Multicall) -> Inspected | NotInspected:
    """What the newest block says about the bot's account and its markets."""
    try:
        await node.check_chain()
        at = await head(node, "latest")
        return Inspected(
            await node.whole(lambda one: custody(one, bot.account, at, multicall)),
            await node.whole(lambda one: admissions(one, bot.markets, at, multicall)),
        )
    except DataError as error:
        return NotInspected(str(error))


def stolen_key(found: Inspected | NotInspected) -> str:
    """The worst that can be done with a key that signs for the account."""
    if isinstance(found, NotInspected):
        return (
            f"not known, since the chain did not answer ({found.why}); suppose everything in the "
            f"account: {LIMITS_BIND}"
        )
    match found.custody:
        case Key():
            return f"everything in the account, at once, by its one key; {LIMITS_BIND}"
        case Foreign(why=why):
            return f"not known: {why}; suppose everything in the account"
        case Shared() as safe:
            doubt = "" if safe.code else "by its own word, whose code is not known to us: "
            return f"{doubt}{_of_an_owner(safe)}{_without_owners(safe)}; {LIMITS_BIND}"


def _of_an_owner(safe: Shared) -> str:
    if safe.threshold > 1:
        return (
            f"nothing alone: {safe.threshold} of the {len(safe.owners)} owners sign together, and "
            "together they can send everything anywhere"
        )
    who = "its only owner's key" if len(safe.owners) == 1 else f"any of {len(safe.owners)} keys"
    return f"everything in the Safe: {who} can send what the Safe holds anywhere, at once"


def _without_owners(safe: Shared) -> str:
    if not safe.modules:
        return ""
    return f"; so can, with no owner's key, any of {len(safe.modules)} modules"


def custody_words(found: Inspected | NotInspected) -> dict[str, object]:
    """Who can move the funds, as plain values: owners, modules, guard and what is not known."""
    if isinstance(found, NotInspected):
        return {"account": "not known: the chain did not answer"}
    match found.custody:
        case Key(account=account):
            return {"account": f"a plain key's, {account}"}
        case Foreign(why=why):
            return {"account": f"another contract than a Safe: {why}"}
        case Shared() as safe:
            unknown = "not in our table, so that what it answers is only its own word"
            return {
                "account": f"a Safe, {safe.threshold} of {len(safe.owners)}",
                "code": safe.code or unknown,
                "owners": list(safe.owners),
                "modules": _modules(safe),
                "guard": safe.guard or "none",
                "fallback_handler": safe.fallback_handler or "none",
            }


def _modules(safe: Shared) -> list[str]:
    return [f"{each}: can move everything by itself, with no owner" for each in safe.modules]


def admission_words(found: Inspected | NotInspected) -> dict[str, str]:
    """How each market is admitted, by its name."""
    if isinstance(found, NotInspected):
        return {}
    return {
        each.name: f"not admitted: {each.why}"
        if isinstance(each, NotAdmitted)
        else f"proven on {each.proven}"
        for each in found.admissions
    }
