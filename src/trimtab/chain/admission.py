"""Admission: a market is traded only if its code is one on which the law was proven.

Every contract that a market depends on must run code of the committed table, behind at most one
proxy, with libraries of the table; and the contracts must name each other as they should. A
factory-made pool is admitted by its factory's own answer. What was admitted is looked at again
each block: `chain/watch.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trimtab.chain.anatomy import (
    Bodies,
    Body,
    anatomy,
    asked,
    bodies,
    hash_of,
    relations_named,
)
from trimtab.chain.identities import Table, proven
from trimtab.chain.multicall import Multicall, ask
from trimtab.chain.node import Node
from trimtab.core.abi import Answer
from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.market import Head, Market, MarketId, State
from trimtab.core.token import Address
from trimtab.protocols.shared.code import (
    PROXY,
    Anatomy,
    Identity,
    Part,
    Proven,
    Relation,
    clone_of,
    library,
)

LOCAL_CHAIN = 31337
"""The chain id of local worlds and forks, which no public chain has."""


@dataclass(frozen=True, slots=True)
class Found:
    """A contract of a market, and the code that it was found to run.

    `implementation` is what stands behind it where it is a proxy; `is_upgradable` tells that
    the proxy can be given another.
    """

    role: str
    address: Address
    identity: Identity
    implementation: Address | None = None
    is_upgradable: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A market all of whose code is in the table of proven code.

    `codes` are the hashes of all code that it consists of, as it lies on the chain, `proxies`
    which implementation each proxy names, `relations` those that can change.
    """

    market: MarketId
    name: str
    found: tuple[Found, ...]
    codes: tuple[tuple[Address, bytes], ...]
    proxies: tuple[tuple[Address, Address | None], ...]
    relations: tuple[Relation, ...]

    @property
    def proven(self) -> Proven:
        """On what the law ran: on source only, where that is so for any of its contracts."""
        only_source = any(each.identity.proven == "source" for each in self.found)
        return "source" if only_source else "bytecode"


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """A market with code, or with a relation, on which no law was proven."""

    market: MarketId
    name: str
    why: str


Admission = Admitted | NotAdmitted


async def admissions(
    node: Node,
    markets: Sequence[Market[State]],
    head: Head,
    multicall: Multicall | None = None,
    table: Table | None = None,
) -> tuple[Admission, ...]:
    """Whether each market is admitted, by its code at a block. Raises DataError."""
    multicall, table = multicall or Multicall(), table or proven()
    questions = [asked(market) for market in markets]
    reads = [read for question in questions for read in question]
    answers = iter(await ask(node, reads, head, multicall))
    known = [
        _anatomy(market, [next(answers) for _ in question])
        for market, question in zip(markets, questions, strict=True)
    ]
    whole = [each for each in known if isinstance(each, Anatomy)]
    parts = [part.address for each in whole for part in each.parts]
    there = await _everything(node, parts, head, table)
    relations = [relation for each in whole for relation in each.relations]
    stated = dict(
        zip(relations, await relations_named(node, relations, head, multicall), strict=True)
    )
    return tuple(
        judge(market, each, there, stated, table)
        for market, each in zip(markets, known, strict=True)
    )


def _anatomy(market: Market[State], answers: Sequence[Answer]) -> Anatomy | str:
    """What a market depends on, or why that cannot be told."""
    try:
        found = anatomy(market, answers)
    except MissingRead as error:
        return str(error)
    return found or f"no law is known for the protocol {market.protocol}"


async def _everything(
    node: Node, addresses: Sequence[Address], head: Head, table: Table
) -> dict[Address, Body]:
    """What lies at these addresses, and at all that their code hands calls to."""
    there: dict[Address, Body] = {}
    wanted = set(addresses)
    while wanted:
        read = await bodies(node, sorted(wanted), head)
        there |= read
        wanted = {at for each, body in read.items() for at in _behind(each, body, table)}
        wanted -= there.keys()
    return there


def _behind(address: Address, body: Body, table: Table) -> Iterator[Address]:
    """The contracts that known code hands calls to: an implementation, libraries."""
    clone = clone_of(body.code)
    if clone is not None:
        yield clone
    for identity in table.identities:
        if identity.is_of(body.code, address):
            yield from identity.linked(body.code).values()
            if identity.role == PROXY:
                yield body.implementation


# ---------------------------------------------------------------------------------- judging


def judge(
    market: Market[State],
    known: Anatomy | str,
    there: Bodies,
    stated: Mapping[Relation, Address | None],
    table: Table,
) -> Admission:
    """Whether a market is admitted, by what lies at its addresses and what its parts name."""
    if isinstance(known, str):
        return NotAdmitted(market.id, market.name, known)
    found: list[Found] = []
    mistakes = [why for part in known.parts for why in _examined(market, part, there, table, found)]
    mistakes += [why for each in known.relations if (why := _mistaken(each, stated[each]))]
    if mistakes:
        return NotAdmitted(market.id, market.name, "; ".join(mistakes))
    addresses = dict.fromkeys(
        at for each in found for at in (each.address, each.implementation) if at is not None
    )
    return Admitted(
        market=market.id,
        name=market.name,
        found=tuple(found),
        codes=tuple((each, hash_of(there[each].code)) for each in addresses),
        proxies=tuple((each.address, each.implementation) for each in found if each.is_upgradable),
        relations=tuple(each for each in known.relations if not each.is_fixed),
    )


def _examined(
    market: Market[State], part: Part, there: Bodies, table: Table, found: list[Found]
) -> Iterator[str]:
    """What is wrong with a part and its libraries; what is known of them goes into `found`."""
    body = there[part.address]
    implementation = None
    shell = clone_of(body.code)
    code, at = body.code, part.address
    proxy = _identity(table.of(market.protocol, PROXY), body.code, part.address)
    if proxy is not None:
        shell = body.implementation
    if shell is not None:
        code, at, implementation = there[shell].code, shell, shell
    identity = _identity(table.of(market.protocol, part.role), code, at)
    if identity is None:
        yield _unknown(part, code, implementation, table.of(market.protocol, part.role))
        return
    if part.address in {each.address for each in found}:
        return
    found.append(Found(part.role, part.address, identity, implementation, proxy is not None))
    for name, address in identity.linked(code).items():
        yield from _examined(market, Part(library(name), address), there, table, found)


def _identity(known: Sequence[Identity], code: bytes, address: Address) -> Identity | None:
    return next((each for each in known if each.is_of(code, address)), None)


def _unknown(
    part: Part, code: bytes, implementation: Address | None, known: Sequence[Identity]
) -> str:
    """Why a contract is refused, in words."""
    where = f"the {part.role} at {part.address}"
    if implementation is not None:
        where += f", a proxy of {implementation},"
    if not code:
        return f"{where} has no code: is the address right?"
    names = " or ".join(each.name for each in known) or "none"
    return (
        f"{where} runs code on which no law was proven ({len(code)} bytes, keccak "
        f"{hash_of(code).hex()[:16]}…); proven is {names}"
    )


def _mistaken(relation: Relation, stated: Address | None) -> str | None:
    if stated == relation.expected:
        return None
    named = "none" if stated is None else stated
    return f"the {relation.what} is {named}, expected {relation.expected}"


# --------------------------------------------------------------------------------- starting


def require(
    found: Sequence[Admission],
    chain: int,
    *,
    is_armed: bool,
    held: frozenset[MarketId] = frozenset(),
) -> frozenset[MarketId]:
    """The markets that may only be left, of those `held` before and not admitted now.

    Raises ConfigError for any other that is not admitted, and off the local world, where real
    money is moved, for one that is proven on source only.
    """
    refused = [each for each in found if isinstance(each, NotAdmitted)]
    reasons = [f"{each.name}: {each.why}" for each in refused if each.market not in held]
    if is_armed and chain != LOCAL_CHAIN:
        reasons += [
            f"{each.name}: {name} is proven on source only, which cannot be armed"
            for each in found
            if isinstance(each, Admitted)
            for name in dict.fromkeys(_on_source(each))
        ]
    if reasons:
        raise ConfigError(
            "not every market of the mandate is admitted (`trimtab support` lists what is proven; "
            "leave the market out):\n  " + "\n  ".join(reasons)
        )
    return frozenset(each.market for each in refused)


def _on_source(admitted: Admitted) -> Iterator[str]:
    for each in admitted.found:
        if each.identity.proven == "source":
            yield each.identity.name
