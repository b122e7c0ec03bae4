"""What PostgreSQL's error codes mean for who keeps a journal there."""

_GONE = "the session with the server is lost, and with it the lock; nothing that was appended is"

_WORDS = {
    "53100": "the disk of the server is full; what was appended last is not in it and nothing "
    "before is lost: free space and start again",
    "22003": "a block's number has more than 63 bits, which no chain counts to: the node that told "
    "it is broken",
    "25006": "the server or the session only reads: name the primary server",
    "28P01": "the server refuses the password: check it",
    "3D000": "there is no such database: make it, or check the address",
    "42501": "the role may not do this: grant it the rights on the schema, or name another role",
    "55P03": "another program holds the tables: end it",
    "57014": "the server took too long: see what it is busy with",
}
"""By code."""

_CLASSES = {
    "08": _GONE,
    "23": "a row would break a rule of the journal: it only grows, by one writer",
    "28": "the server refuses the role: check the address",
    "53": "the server has not enough of what it needs: see its log",
    "57": _GONE,
    "58": "the disk of the server failed: see its log, then go on from a copy",
    "XX": "the server finds its files damaged: go on from a copy",
}
"""By the first two signs of a code."""


def words_of(code: str | None, found: str) -> str:
    """What the server's error means and what to try; `found` is what the server said.

    Without a code it is the connection that failed.
    """
    if code is None:
        return f"the server cannot be reached, or is no more ({found}): check address and server"
    words = _WORDS.get(code) or _CLASSES.get(code[:2])
    return f"{words} ({found})" if words else f"{found}: see the server's log"
