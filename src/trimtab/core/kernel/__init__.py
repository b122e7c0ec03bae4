"""Kernels: compiled functions over arrays of 64-bit words and floats. The only door to numba.

A kernel makes many quotes at once, or moves a state over many events of others. It never decides:
each has a model in Python integers that it equals on every case, and a test that says so.

`kernel` declares one with its signature, `routine` and `inlined` what it calls, and `words` has
the integers wider than 64 bits. Nothing is compiled, and numba is not loaded, before the first
call or `compile_all`.
"""

from trimtab.core.kernel.declare import Kernel, compile_all, inlined, kernel, routine
from trimtab.core.kernel.words import (
    Words,
    add,
    from_words,
    leading_zeros,
    less,
    product,
    shift_left,
    shift_right,
    subtract,
    to_words,
)

__all__ = [
    "Kernel",
    "Words",
    "add",
    "compile_all",
    "from_words",
    "inlined",
    "kernel",
    "leading_zeros",
    "less",
    "product",
    "routine",
    "shift_left",
    "shift_right",
    "subtract",
    "to_words",
]
