import copy
import logging
import pickle
import traceback
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.chain.fees import Fees
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer, Transaction
from trimtab.core.errors import SignerError
from trimtab.core.token import address_from_bytes

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
OWNER = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

TRANSACTIONS = st.builds(
    Transaction,
    chain=st.integers(1, 2**32),
    nonce=st.integers(0, 2**32),
    to=st.binary(min_size=20, max_size=20).map(address_from_bytes),
    data=st.binary(max_size=200),
    value=st.integers(0, 2**100),
    gas=st.integers(21_000, 2**32),
    fees=st.builds(Fees, st.integers(0, 2**64), st.integers(0, 2**63)),
)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(Secret(KEY))


@pytest.mark.parametrize("text", [KEY, "0x" + KEY, KEY.upper()])
def test_signer__hexadecimal_key__its_account(text: str) -> None:
    assert Signer(Secret(text)).address == OWNER


@settings(max_examples=25)
@given(transaction=TRANSACTIONS)
def test_sign__any_transaction__recovered_whole(signer: Signer, transaction: Transaction) -> None:
    signed = signer.sign(transaction)
    assert Account.recover_transaction(signed.raw) == signer.address
    decoded = TypedTransaction.from_bytes(HexBytes(signed.raw))
    assert signed.hash == "0x" + keccak(signed.raw).hex()
    fields = decoded.as_dict()
    assert fields["chainId"] == transaction.chain
    assert fields["nonce"] == transaction.nonce
    assert fields["to"] == bytes.fromhex(transaction.to[2:])
    assert fields["data"] == transaction.data
    assert fields["value"] == transaction.value
    assert fields["gas"] == transaction.gas
    assert fields["maxFeePerGas"] == transaction.fees.most
    assert fields["maxPriorityFeePerGas"] == transaction.fees.tip
    assert fields["accessList"] == ()


def test_sign__same_transaction__same_bytes(signer: Signer) -> None:
    transaction = Transaction(1, 0, signer.address, b"", 0, 21_000, Fees(10, 1))
    assert signer.sign(transaction) == signer.sign(transaction)


def test_load__file_of_mode_0600__its_account(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"0x{KEY}\n")
    path.chmod(0o600)
    assert Signer.load(f"file:{path}").address == OWNER


def everything_shown(error: BaseException) -> str:
    """The error and all it comes from, with the local variables of every frame of ours."""
    shown = ""
    following: BaseException | None = error
    while following is not None:
        stack = traceback.TracebackException.from_exception(following, capture_locals=True)
        shown += f"{following} {following!r} {''.join(stack.format())}"
        following = following.__cause__ or following.__context__
    return shown


BAD_KEYS = {
    "short": KEY[:-1],
    "long": KEY + "0",
    "no digits": "z" + KEY[1:],
    "zero": "0" * 64,
    "too large": f"{ORDER:064x}",
    "keystore": f'{{"crypto": "{KEY}"}}',
    "two lines": f"{KEY}\n{KEY}",
}


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_load__bad_key__signer_error_without_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_KEY", BAD_KEYS[kind])
    with pytest.raises(SignerError, match="the signer's key is") as seen:
        Signer.load("env:TRIMTAB_TEST_KEY")
    shown = everything_shown(seen.value)
    assert BAD_KEYS[kind] not in shown
    assert KEY[:-1] not in shown
    assert seen.value.__context__ is None


def test_load__missing_or_open_file__signer_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(SignerError, match="cannot be read: No such file"):
        Signer.load(f"file:{path}")
    path.write_text(KEY)
    path.chmod(0o644)
    with pytest.raises(SignerError, match=f"chmod 600 {path}") as seen:
        Signer.load(f"file:{path}")
    assert KEY not in everything_shown(seen.value)


def test_load__key_given_itself__signer_error_without_it() -> None:
    with pytest.raises(SignerError, match="env:NAME or file:PATH, never itself") as seen:
        Signer.load(KEY)
    assert KEY not in str(seen.value)


def test_sign__impossible_field__signer_error_without_the_key(signer: Signer) -> None:
    transaction = Transaction(1, -1, signer.address, b"", 0, 21_000, Fees(10, 1))
    with pytest.raises(SignerError, match="cannot be signed") as seen:
        signer.sign(transaction)
    shown = everything_shown(seen.value)
    assert KEY not in shown
    assert str(int(KEY, 16)) not in shown
    assert seen.value.__context__ is None


def test_signer__any_way_out__shows_no_key(
    signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("careless").warning("signer %s %r", signer, signer)
    shown = f"{signer} {signer!r} {[signer]} {caplog.text}"
    assert shown.count(OWNER) == 5
    assert KEY not in shown
    for spill in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            spill(signer)
    assert not hasattr(signer, "__dict__")
