"""Random streams by name: each has numbers of its own, whoever else draws."""

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator that belongs to a seed and a name, on every machine the same."""
    text = "/".join(str(part) for part in (seed, *names))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.PCG64(key))
