"""Records of blocks at which nothing was."""

from trimtab.core.canonical import Plain
from trimtab.journal.records import Record


def start(mandate: str) -> Record:
    """A start under a mandate of this text."""
    detail: dict[str, Plain] = {"mandate_hash": "0", "account": "0x", "code_version": "0"}
    return Record("start", None, None, {**detail, "mandate": mandate, "seed": None})


def blank(block: int) -> tuple[Record, Record]:
    """The records of a block at which there was nothing."""
    flows: Plain = {"flows": [], "accruals": {}, "error": "0", "attribution": None}
    view: Plain = {
        "timestamp": "0",
        "age": "0",
        "numeraire": "0xUSDC",
        "equity": "0/1",
        "book": {},
        "prices": {},
        "claims": {},
        "tokens": {"0xUSDC": {"symbol": "USDC", "decimals": "6"}},
        "names": {},
    }
    tick: Plain = {
        "view": view,
        "decisions": {},
        "plan": None,
        "plan_hash": None,
        "verdict": None,
        "breaches": [],
        "why": "nothing",
    }
    return Record("flows", block, flows, {"attribution": None}), Record("tick", block, tick, None)
