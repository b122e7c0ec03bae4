"""What was seen, seen again: the readings of a journal as the states they decoded to."""

from collections.abc import Iterator

from trimtab.core.adapter import Adapters
from trimtab.core.market import Accounts, Market, State
from trimtab.core.reading import Observation, decode
from trimtab.core.states import States
from trimtab.journal.blobs import age_of, decode_reading
from trimtab.journal.store import Journal


def states(
    journal: Journal,
    adapters: Adapters,
    markets: tuple[Market[State], ...],
    accounts: Accounts,
) -> Iterator[Observation]:
    """Every observation of the journal, in order, each decoded on top of the one before it.

    Raises JournalError where a reading is damaged, MissingRead where it lacks a market.
    """
    known: States | None = None
    for record in journal.records("reading"):
        reading = decode_reading(record, journal.blob)
        known = decode(adapters, markets, accounts, known, reading)
        yield Observation(known, reading, age_of(record))
