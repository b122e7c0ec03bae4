"""A mandate's text as the journal may hold it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.chain.redacted import redacted_text

KEY = "k3y0fMine"


@pytest.mark.parametrize(
    "written, shown",
    [
        (f'rpc = "https://node.example/v2/{KEY}"', 'rpc = "https://node.example/…"'),
        (f"rpc = 'https://node.example:8545/{KEY}'", "rpc = 'https://node.example:8545/…'"),
        (f"rpc = 'https://node.example/a\"{KEY}'", None),
        (f'rpc = "https://node.example/a\'{KEY}"', 'rpc = "https://node.example/…"'),
        (f'rpc = "wss://{KEY}@node.example"', 'rpc = "wss://node.example/…"'),
        (f'rpc = "https://me:{KEY}@node.example/?a={KEY}#{KEY}"', 'rpc = "https://node.example/…"'),
        (f'rpc = "HTTPS://node.example?{KEY}"', 'rpc = "https://node.example/…"'),
        (f'rpc = ["http://[::1]:8545/{KEY}", "e"]', 'rpc = ["http://[::1]:8545/…", "e"]'),
        (f'at = "postgresql://me:{KEY}@/books"', 'at = "postgresql:///…"'),
        (f'run = "curl https://a.example/{KEY} now"', 'run = "curl https://a.example/… now"'),
        (f"# rpc = 'https://node.example/{KEY}'", None),
        (f'rpc = "https:\\u002f\\u002Fnode.example\\U0000002f{KEY}"', 'rpc = "https://node.example/…"'),
        (f'rpc = """https://node.example/\\\n   {KEY}"""', 'rpc = """https://node.example/…"""'),
        (f"rpc = '''\nhttps://node.example/{KEY}\n'''", "rpc = '''\nhttps://node.example/…\n'''"),
        (f'rpc = "https://node.example:port/{KEY}"', 'rpc = "https://…"'),
    ],
)  # fmt: skip
def test_redacted_text__address__scheme_and_host_stay(written: str, shown: str | None) -> None:
    found = redacted_text(written)
    assert KEY not in found
    assert tomllib.loads(found).keys() == tomllib.loads(written).keys()
    if shown is not None:
        assert found == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        'rpc = "http://127.0.0.1:8545"\nother = "http://127.0.0.1:8545/"',
        'rpc = "env:RPC"  # or file:PATH',
        'text = "a \\u0022quoted\\u0022 word: \\\\ // and \\n"',
        "weights = { WETH = 0.5 } # half",
        'ws = """\n  lines \\\n  that go on\n"""',
    ],
)
def test_redacted_text__nothing_to_hide__unchanged(text: str) -> None:
    shown = redacted_text(text)
    assert tomllib.loads(shown) == tomllib.loads(text.replace('8545/"', '8545"'))


paths = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=20)


@given(paths, st.sampled_from(["{}", "a {} b", "({})", "{}'", "x={}"]), st.booleans())
def test_redacted_text__any_path__is_gone_and_the_rest_is_toml(
    path: str, around: str, is_escaped: bool
) -> None:
    written = around.format(f"https://node.example/{path}")
    if is_escaped:
        written = "".join(f"\\u{ord(letter):04x}" for letter in written)
    found = redacted_text(f'[chain]\nrpc = "{written}"\nid = 1')
    parsed = tomllib.loads(found)["chain"]
    assert path not in found
    assert path not in parsed["rpc"]
    assert "https://node.example/…" in parsed["rpc"]
    assert parsed["id"] == 1
