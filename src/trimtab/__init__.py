"""A portfolio manager for public blockchains: what it decides is data, what it moves are integers.

The packages are layers. The lower half, from `core` to `strategies`, performs no I/O, reads no
clock and draws no randomness.
"""

from importlib.metadata import version

__version__ = version("trimtab")
