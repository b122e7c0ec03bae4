"""What a chain has said, held to the models: recordings, replayed case by case."""

from trimtab.lab.verify.formats import Judged, verify
from trimtab.lab.verify.tally import Exact, Mismatch, Tally, Unknown, Verdict, printable

__all__ = ["Exact", "Judged", "Mismatch", "Tally", "Unknown", "Verdict", "printable", "verify"]
