"""What a chain has said, held to the models: recordings, replayed case by case.

`record` makes one of a pool, at a node; `live` gives a pool of a local world a life to record.
"""

from trimtab.lab.verify.formats import Judged, verify
from trimtab.lab.verify.history.record import node_at, record
from trimtab.lab.verify.history.session import live
from trimtab.lab.verify.history.written import check_new
from trimtab.lab.verify.tally import Exact, Mismatch, Tally, Unknown, Verdict, Within, printable

__all__ = [
    "Exact",
    "Judged",
    "Mismatch",
    "Tally",
    "Unknown",
    "Verdict",
    "Within",
    "check_new",
    "live",
    "node_at",
    "printable",
    "record",
    "verify",
]
