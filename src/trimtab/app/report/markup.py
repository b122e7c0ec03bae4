"""HTML written safely: whatever is not markup already is escaped."""

from __future__ import annotations

import re
from html import escape


class Html(str):
    """Text that is markup: it goes into a page as it is."""

    __slots__ = ()


Content = str | Html

_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")

VOID = frozenset({"meta", "br", "hr"})


def text(content: Content) -> Html:
    """Content as markup, escaped unless it is."""
    return content if isinstance(content, Html) else Html(escape(content))


def typeset(content: Content) -> Html:
    """Content in which a negative number has a minus sign, not a hyphen."""
    return Html(_NEGATIVE.sub("\N{MINUS SIGN}", text(content)))


def join(*contents: Content) -> Html:
    """Contents one after the other."""
    return Html("".join(map(text, contents)))


def tag(name: str, /, *contents: Content, **attributes: str) -> Html:
    """An element; an attribute's name may end in an underscore, and underscores become dashes."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*contents)}</{name}>")
