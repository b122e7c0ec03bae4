"""What a journal's readings decode to."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.journal.builders import ACCOUNT, ADAPTERS, USDC, USDC_MARKET
from trimtab.core.abi import Answer, word
from trimtab.core.errors import MissingRead
from trimtab.core.market import Accounts, Head, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation, Reading, decode
from trimtab.journal.blobs import encode_reading
from trimtab.journal.replay import states
from trimtab.journal.store import Journal

ACCOUNTS = Accounts((ACCOUNT,))


def reading(block: int, balance: int, *, full: bool) -> Reading:
    answers = [Answer(ok=True, data=word(balance))]
    if full:
        answers.append(Answer(ok=True, data=word(USDC.decimals)))
    return Reading(
        head=Head(1, block, hex(block), Timestamp(1000 + block)),
        full=full,
        rounds={USDC_MARKET.id: (tuple(answers),)},
        logs=(),
        audit={wallet(USDC): balance},
        base_fee=7,
    )


READINGS = (reading(1, 5, full=True), reading(2, 6, full=False), reading(4, 2**255, full=False))


def test_states__journal__what_was_observed(tmp_path: Path) -> None:
    expected, known = [], None
    with Journal.create(tmp_path / "journal") as journal:
        for age, found in enumerate(READINGS):
            known = decode(ADAPTERS, (USDC_MARKET,), ACCOUNTS, known, found)
            expected.append(Observation(known, found, age))
            encoded = encode_reading(found, age)
            journal.append(encoded.record, blobs=encoded.blobs)
        assert list(states(journal, ADAPTERS, (USDC_MARKET,), ACCOUNTS)) == expected


def test_states__market_that_was_not_read__missing(tmp_path: Path) -> None:
    other = replace(USDC_MARKET, address=ACCOUNT)
    encoded = encode_reading(READINGS[0], 0)
    with Journal.create(tmp_path / "journal") as journal:
        journal.append(encoded.record, blobs=encoded.blobs)
        with pytest.raises(MissingRead, match="nothing was read of"):
            list(states(journal, ADAPTERS, (other,), ACCOUNTS))
