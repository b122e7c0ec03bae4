"""`support`: protocol by action by the code that the law was proven on, as the table says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import fill

from trimtab.chain.identities import Law, Table, proven
from trimtab.protocols.shared.code import Identity, Proven

ARMED: dict[Proven, str] = {"bytecode": "anywhere", "source": "on the local world only"}
"""Where a market of this code may be armed."""

WIDTH = 100
"""Letters in a line of actions."""


def support(table: Table | None = None) -> dict[str, object]:
    """What is supported, as plain values: a row for each protocol and action, and all code."""
    table = table or proven()
    return {
        "supported": [
            {
                "protocol": law.protocol,
                "action": action,
                "proven_on": weakest(code),
                "armed": ARMED[weakest(code)],
                "cases_in_process": law.cases_in_process,
                "cases_on_a_node": law.cases_on_a_node,
                "chain": law.chain,
                "code": [each.hash for each in code],
            }
            for law in table.laws
            for code in [code_of(table, law)]
            for action in law.actions
        ],
        "code": [
            {
                "hash": each.hash,
                "protocol": each.protocol,
                "role": each.role,
                "contract": each.contract,
                "origin": each.origin,
                "proven_on": each.proven,
                "bytes": each.length,
                "bytes_zeroed": sum(length for _, length in each.spans),
            }
            for law in table.laws
            for each in code_of(table, law)
        ],
    }


def in_words(table: Table | None = None) -> str:
    """The same for people: what may be done, then the code on which it was proven."""
    table = table or proven()
    lines: list[str] = []
    for law in table.laws:
        code = code_of(table, law)
        cases = f"{law.cases_in_process:,} cases in process and {law.cases_on_a_node:,} on a node"
        lines += [
            law.protocol,
            fill(
                ", ".join(law.actions),
                WIDTH,
                initial_indent="  actions   ",
                subsequent_indent=" " * 12,
            ),
            f"  law       {cases}, in each run of the suite: {law.chain}",
            f"  armed     {ARMED[weakest(code)]}",
            *_code_lines(code),
            "",
        ]
    lines.append(
        "A market is admitted where each of its contracts runs code of this table: the hash is of "
        "the\nruntime code behind its proxy with immutables, addresses of libraries and metadata "
        "set to zero."
    )
    return "\n".join(lines)


def code_of(table: Table, law: Law) -> tuple[Identity, ...]:
    """The code that a law ran on."""
    return tuple(each for each in table.identities if each.protocol == law.protocol)


def weakest(code: tuple[Identity, ...]) -> Proven:
    """On what a protocol is proven whose contracts run all of this code."""
    return "source" if any(each.proven == "source" for each in code) else "bytecode"


def _code_lines(code: tuple[Identity, ...]) -> Iterator[str]:
    """Where code is from, and under it a line for each contract: hash, name, role."""
    for origin, group in groupby(code, key=_origin):
        yield f"  code      {origin}"
        for each in group:
            yield f"    {each.hash[:16]}  {each.contract} ({each.role})"


def _origin(each: Identity) -> str:
    return each.origin if each.proven == "source" else f"bytecode of {each.origin}"
