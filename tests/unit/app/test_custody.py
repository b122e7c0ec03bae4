import pytest

from trimtab.app.custody import (
    Inspected,
    NotInspected,
    admission_words,
    custody_words,
    stolen_key,
)
from trimtab.chain.admission import Admitted, NotAdmitted
from trimtab.chain.custody import Custody, Foreign, Key, Shared
from trimtab.core.market import MarketId
from trimtab.core.token import Address

ME, OTHER, MODULE = (Address("0x" + digit * 40) for digit in "123")
SAFE = Shared(ME, "SafeL2 (a package)", (ME,), 1, (), None, None)


def words(custody: Custody) -> str:
    return stolen_key(Inspected(custody, ()))


@pytest.mark.parametrize(
    "custody, begins",
    [
        (SAFE, "everything in the Safe: its only owner's key can send"),
        (Shared(ME, "a", (ME, OTHER), 1, (), None, None), "everything in the Safe: any of 2 keys"),
        (
            Shared(ME, "a", (ME, OTHER), 2, (), None, None),
            "nothing alone: 2 of the 2 owners sign together",
        ),
        (Shared(ME, None, (ME,), 1, (), None, None), "by its own word, whose code is not known"),
        (Key(ME), "everything in the account, at once, by its one key"),
        (Foreign(ME, "it is a pool"), "not known: it is a pool; suppose everything"),
    ],
    ids=["alone", "two owners", "two sign", "unknown code", "key", "foreign"],
)
def test_stolen_key__custody__the_worst_of_it(custody: Custody, begins: str) -> None:
    assert words(custody).startswith(begins)


def test_stolen_key__modules__move_everything_with_no_owner() -> None:
    safe = Shared(ME, "a", (ME, OTHER), 2, (MODULE,), None, None)
    assert "so can, with no owner's key, any of 1 modules" in words(safe)
    assert custody_words(Inspected(safe, ()))["modules"] == [
        f"{MODULE}: can move everything by itself, with no owner"
    ]


def test_words__chain_that_does_not_answer__nothing_supposed_known() -> None:
    silent = NotInspected("no answer within 10 s")
    assert stolen_key(silent).startswith("not known, since the chain did not answer (no answer")
    assert custody_words(silent) == {"account": "not known: the chain did not answer"}
    assert admission_words(silent) == {}


def test_custody_words__safe__everybody_by_address() -> None:
    safe = Shared(ME, None, (ME, OTHER), 2, (), MODULE, OTHER)
    assert custody_words(Inspected(safe, ())) == {
        "account": "a Safe, 2 of 2",
        "code": "not in our table, so that what it answers is only its own word",
        "owners": [ME, OTHER],
        "modules": [],
        "guard": MODULE,
        "fallback_handler": OTHER,
    }


def test_admission_words__markets__by_name() -> None:
    known = Admitted(MarketId("erc20:1:0xa"), "erc20:A", (), (), (), ())
    other = NotAdmitted(MarketId("erc20:1:0xb"), "erc20:B", "it takes a fee")
    assert admission_words(Inspected(SAFE, (known, other))) == {
        "erc20:A": "proven on bytecode",
        "erc20:B": "not admitted: it takes a fee",
    }
