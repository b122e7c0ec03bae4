"""A mandate's text without what its addresses carry: keys must not enter the journal."""

import re

import httpx

_TOKENS = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''.*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*",
    re.DOTALL,
)
"""What of a TOML text can hold an address: strings of the four kinds, and comments."""
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S*")
"""Where its token does not end it, a blank does."""
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_CONTINUED = re.compile(r"\\[ \t]*\r?\n\s*")


def redacted_text(text: str) -> str:
    """The TOML text with scheme, host and port of every address in it, and no more of them.

    What was left out shows as `…`. The text still is TOML, and all else is as it was, except that
    escapes are resolved in strings that hold an address.
    """
    return _TOKENS.sub(lambda token: _redacted_token(token[0]), text)


def _redacted_token(token: str) -> str:
    if token.startswith('"'):
        resolved = _ESCAPED.sub(_resolved, _CONTINUED.sub("", token))
        token = resolved if "://" in resolved else token
    quotes = token[:3] if token[:3] in ('"""', "'''") else token[:1]
    if quotes == "#":
        return _ADDRESS.sub(_shown, token)
    inside = token[len(quotes) : -len(quotes)]
    return quotes + _ADDRESS.sub(_shown, inside) + quotes


def _resolved(escape: re.Match[str]) -> str:
    """The letter that an escape stands for, where it can stand for itself."""
    letter = chr(int(escape[1] or escape[2], 16) % 0x110000)
    return (
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else escape[0]
    )


def _shown(found: re.Match[str]) -> str:
    """An address as it may be shown."""
    scheme = found[1].lower()
    try:
        url = httpx.URL(found[0])
    except (httpx.InvalidURL, ValueError):
        return f"{scheme}://…"
    port = "" if url.port is None else f":{url.port}"
    host = f"[{url.host}]" if ":" in url.host else url.host
    shown = f"{scheme}://{host}{port}"
    rest = url.userinfo or url.raw_path.strip(b"/") or url.fragment
    return f"{shown}/…" if rest else shown
