"""The mandate: what the manager may do, with whose money, within which limits."""

from trimtab.mandate.book import AddressBook, read_book
from trimtab.mandate.document import Mandate
from trimtab.mandate.limits import Limits, Scene
from trimtab.mandate.parse import parse_mandate
from trimtab.mandate.review import breaches, review

__all__ = [
    "AddressBook",
    "Limits",
    "Mandate",
    "Scene",
    "breaches",
    "parse_mandate",
    "read_book",
    "review",
]
