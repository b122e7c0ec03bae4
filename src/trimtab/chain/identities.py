"""The committed table of code on which the law was proven: hashes and spans, and no code.

`python -m tests.laws.identities` makes it from the packages that the law's world consists of, and
a test compares, so that it cannot go stale.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.protocols.shared.code import Identity

FILE = Path(__file__).with_name("identities.json")


@dataclass(frozen=True, slots=True)
class Law:
    """What the adapter law runs for a protocol: cases of these kinds of action, and where."""

    protocol: str
    actions: tuple[str, ...]
    cases_in_process: int
    cases_on_a_node: int
    chain: str


@dataclass(frozen=True, slots=True)
class Table:
    """Every law that is run, and every piece of code that it ran on."""

    laws: tuple[Law, ...]
    identities: tuple[Identity, ...]

    def of(self, protocol: str, role: str) -> tuple[Identity, ...]:
        """The code that a contract in this role may run."""
        return tuple(i for i in self.identities if (i.protocol, i.role) == (protocol, role))

    def to_json(self) -> bytes:
        """The table as its file holds it, a line for each entry."""

        def lines(entries: tuple[Law, ...] | tuple[Identity, ...]) -> bytes:
            return b",\n".join(b"  " + msgspec.json.encode(each) for each in entries)

        return b'{"laws": [\n%b\n],\n"identities": [\n%b\n]}\n' % (
            lines(self.laws),
            lines(self.identities),
        )


@cache
def proven() -> Table:
    """The table that is part of this version. Raises ConfigError if its file is damaged."""
    try:
        return msgspec.json.decode(FILE.read_bytes(), type=Table)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(
            f"the table of proven code, {FILE.name}, cannot be read ({error}): install trimtab anew"
        ) from None
