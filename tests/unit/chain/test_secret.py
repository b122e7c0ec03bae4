import copy
import json
import logging
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest

from trimtab.chain.secret import RpcUrl, Secret, read_secret
from trimtab.core.canonical import canonical
from trimtab.core.errors import ConfigError

TEXT = "5ecre7-0123456789abcdef"


def appearances(value: object, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Everything that a careless program makes of a value."""
    logging.getLogger("careless").error("value %s %r", value, value)
    shown = [repr(value), str(value), f"{value}", f"{value!r:>40}", f"{[value]}", caplog.text]
    for spill in (
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        canonical,
    ):
        try:
            shown.append(str(spill(value)))
        except TypeError as error:
            shown.append("".join(traceback.format_exception(error)))
        else:
            pytest.fail(f"{spill} gives something of a secret")
    return shown


@pytest.mark.parametrize("value", [Secret(TEXT), RpcUrl(f"https://node.example/{TEXT}")])
def test_opaque_value__any_way_out__shows_nothing(
    value: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert [shown for shown in appearances(value, caplog) if TEXT in shown] == []


def test_read_secret__environment__stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_SECRET", f" {TEXT}\n")
    assert read_secret("env:TRIMTAB_TEST_SECRET").reveal() == TEXT


def test_read_secret__unset_variable__named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIMTAB_TEST_SECRET", raising=False)
    with pytest.raises(ConfigError, match="TRIMTAB_TEST_SECRET is not set"):
        read_secret("env:TRIMTAB_TEST_SECRET")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_read_secret__file_of_the_owner__read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(TEXT + "\n")
    path.chmod(mode)
    assert read_secret(f"file:{path}").reveal() == TEXT


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_read_secret__file_that_others_may_use__refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(TEXT)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"{mode:04o}.*chmod 600") as refused:
        read_secret(f"file:{path}")
    assert TEXT not in "".join(traceback.format_exception(refused.value))


def test_read_secret__no_file__said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_secret(f"file:{tmp_path / 'none'}")


def test_read_secret__empty_file_or_directory__refused(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch(0o600)
    with pytest.raises(ConfigError, match="is empty"):
        read_secret(f"file:{path}")
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError, match="not a plain file"):
        read_secret(f"file:{tmp_path}")


@pytest.mark.parametrize("source", [TEXT, "env:", "file:", "", f"key:{TEXT}"])
def test_read_secret__no_source__refused_without_showing_it(source: str) -> None:
    with pytest.raises(ConfigError, match="env:NAME or file:PATH") as refused:
        read_secret(source)
    assert TEXT not in str(refused.value)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        (f"https://eth.example/v2/{TEXT}", "https://eth.example"),
        (f"https://eth.example/?apikey={TEXT}", "https://eth.example"),
        (f"https://name:{TEXT}@eth.example:444/rpc", "https://eth.example:444"),
    ],
)
def test_rpc_url__any_form__shows_scheme_host_and_port(text: str, shown: str) -> None:
    assert str(RpcUrl(text)) == shown
    assert repr(RpcUrl(text)) == f"RpcUrl({shown})"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"ftp://eth.example/{TEXT}",
        f"https://:{TEXT}",
        f"https://eth.example:{TEXT}/",
        f"https:///{TEXT}",
        f"https://eth.example/\x00{TEXT}",
        "",
    ],
)
def test_rpc_url__another_thing__refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError, match="http://HOST") as refused:
        RpcUrl(text)
    assert TEXT not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__context__ is None


def test_rpc_url__load__from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_URL", f"https://eth.example/{TEXT}")
    assert str(RpcUrl.load("env:TRIMTAB_TEST_URL")) == "https://eth.example"
    assert str(RpcUrl.load("http://localhost:1")) == "http://localhost:1"


def test_redacted__foreign_text__without_keys_controls_and_length() -> None:
    url = RpcUrl(f"https://user:p%40ssword1@eth.example/v2/{TEXT}?key=abcdef123")
    told = f"no {TEXT.upper()} p%40ssword1 p@ssword1 abcdef123 v2 \x1b[31m" + "x" * 500
    shown = url.redacted(told)
    assert shown.startswith("no … … … … v2  [31mxxx")
    assert len(shown) == 201


def test_request__user_and_password__as_basic_authorization() -> None:
    request = RpcUrl("https://us%40er:pass@eth.example/rpc").request(b"{}")
    assert request.headers["authorization"] == "Basic dXNAZXI6cGFzcw=="
    assert request.url.raw_path == b"/rpc"
