"""Unsigned integers of several 64-bit words, the lowest first, as tuples.

In compiled code each function here is a handful of machine instructions; called from Python it
works on Python integers, which says what they mean. Widths are those of the tuples. Constants
have to be `np.uint64`: numba makes a float of a mixture with a signed integer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from trimtab.core.kernel.declare import Part

if TYPE_CHECKING:
    from llvmlite import ir

P = ParamSpec("P")
R = TypeVar("R")

Words = tuple[np.uint64, ...]

_MASK = (1 << 64) - 1
Values = Sequence["ir.Value"]
Emitted = Callable[["ir.IRBuilder", Values, Values], Values]
Width = Callable[[int, int], int]


def from_words(words: Sequence[np.uint64]) -> int:
    """The integer that the words make."""
    return sum(int(word) << 64 * at for at, word in enumerate(words))


def to_words(value: int, width: int) -> Words:
    """The integer modulo 2**(64 * width), as so many words."""
    return tuple(np.uint64(value >> 64 * at & _MASK) for at in range(width))


class Primitive(Part[P, R]):
    """A function of one or two words or tuples, whose compiled form is written in LLVM's terms."""

    def __init__(self, function: Callable[P, R], emitted: Emitted, width: Width) -> None:
        super().__init__(function)
        self._emitted, self._width = emitted, width
        self._object: object = None

    def compiler_object(self) -> object:
        """An intrinsic of numba."""
        if self._object is None:
            is_unary = self.function.__code__.co_argcount == 1
            self._object = (_unary if is_unary else _binary)(self._emitted, self._width)
        return self._object


def _primitive(emitted: Emitted, width: Width) -> Callable[[Callable[P, R]], Primitive[P, R]]:
    """Declares a primitive. `width` is of its result: 0 stands for a word, -1 for a truth."""
    return lambda function: Primitive(function, emitted, width)


# --------------------------------------------------------------------------- what is compiled


def _unary(emitted: Emitted, width: Width) -> object:
    from numba.extending import intrinsic

    def lowered(_: Any, a: Any) -> Any:
        return _typed(emitted, width, (a,))

    return intrinsic(lowered)


def _binary(emitted: Emitted, width: Width) -> object:
    from numba.extending import intrinsic

    def lowered(_: Any, a: Any, b: Any) -> Any:
        return _typed(emitted, width, (a, b))

    return intrinsic(lowered)


def _typed(emitted: Emitted, width: Width, given: tuple[Any, ...]) -> Any:
    """The signature and the code of a call with these types; none if they are not words."""
    from numba import types

    tuples: Any = types.UniTuple
    counts = [_count(kind) for kind in given]
    if any(count is None for count in counts):
        return None
    first, second = (*(count or 0 for count in counts), 0)[:2]
    result = width(first, second)
    kinds = {0: types.uint64, -1: types.boolean}
    returned = kinds.get(result) or tuples(types.uint64, result)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flat = [
            [builder.extract_value(value, at) for at in range(count)] if count else [value]
            for value, count in zip(arguments, counts, strict=True)
        ]
        made = emitted(builder, flat[0], flat[1] if len(flat) > 1 else ())
        if result <= 0:
            return made[0]
        return context.make_tuple(builder, signature.return_type, made)

    return returned(*given), code


def _count(kind: Any) -> int | None:
    """How many words a type has; 0 for a bare word, none for another type."""
    from numba import types

    if kind == types.uint64:
        return 0
    is_words = isinstance(kind, types.UniTuple) and kind.dtype == types.uint64
    return int(kind.count) if is_words else None


def _packed(builder: ir.IRBuilder, words: Values, width: int) -> ir.Value:
    from llvmlite import ir

    whole = ir.IntType(64 * width)
    total = builder.zext(words[0], whole) if width > 1 else words[0]
    for at in range(1, len(words)):
        moved = builder.shl(builder.zext(words[at], whole), ir.Constant(whole, 64 * at))
        total = builder.or_(total, moved)
    return total


def _unpacked(builder: ir.IRBuilder, total: ir.Value, width: int) -> list[ir.Value]:
    from llvmlite import ir

    word = ir.IntType(64)
    if width == 1:
        return [total]
    parts = (builder.lshr(total, ir.Constant(total.type, 64 * at)) for at in range(width))
    return [builder.trunc(part, word) for part in parts]


def _emit_add(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    width = max(len(a), len(b))
    total = builder.add(_packed(builder, a, width), _packed(builder, b, width))
    return _unpacked(builder, total, width)


def _emit_subtract(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    width = max(len(a), len(b))
    rest = builder.sub(_packed(builder, a, width), _packed(builder, b, width))
    return _unpacked(builder, rest, width)


def _emit_less(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    width = max(len(a), len(b))
    return [builder.icmp_unsigned("<", _packed(builder, a, width), _packed(builder, b, width))]


def _emit_product(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    """Row by row; a word times a word plus two words fits two words."""
    from llvmlite import ir

    word, pair = ir.IntType(64), ir.IntType(128)
    total: list[ir.Value] = [ir.Constant(word, 0)] * (len(a) + len(b))
    for row, factor in enumerate(b):
        carry: ir.Value = ir.Constant(word, 0)
        for column, other in enumerate(a):
            here = builder.mul(builder.zext(other, pair), builder.zext(factor, pair))
            here = builder.add(here, builder.zext(total[row + column], pair))
            here = builder.add(here, builder.zext(carry, pair))
            total[row + column] = builder.trunc(here, word)
            carry = builder.trunc(builder.lshr(here, ir.Constant(pair, 64)), word)
        total[row + len(a)] = carry
    return total


def _funnel(builder: ir.IRBuilder, name: str) -> Callable[[ir.Value, ir.Value, ir.Value], ir.Value]:
    """LLVM's shift of two words as one, of which the upper (`fshl`) or the lower stays."""
    from llvmlite import ir

    word = ir.IntType(64)
    kind = ir.FunctionType(word, [word] * 3)
    found = builder.module.declare_intrinsic(name, [word], kind)
    return lambda upper, lower, bits: builder.call(found, [upper, lower, bits])


def _emit_shift_left(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    from llvmlite import ir

    shifted = _funnel(builder, "llvm.fshl")
    lower = [ir.Constant(ir.IntType(64), 0), *a[:-1]]
    return [shifted(word, below, b[0]) for word, below in zip(a, lower, strict=True)]


def _emit_shift_right(builder: ir.IRBuilder, a: Values, b: Values) -> Values:
    from llvmlite import ir

    shifted = _funnel(builder, "llvm.fshr")
    upper = [*a[1:], ir.Constant(ir.IntType(64), 0)]
    return [shifted(above, word, b[0]) for word, above in zip(a, upper, strict=True)]


def _emit_leading_zeros(builder: ir.IRBuilder, a: Values, _: Values) -> Values:
    from llvmlite import ir

    return [builder.ctlz(a[0], ir.Constant(ir.IntType(1), 0))]


# ------------------------------------------------------------------------------- the functions


@_primitive(_emit_add, max)
def add(a: Words, b: Words) -> Words:
    """The sum modulo 2**64 for each word of the wider."""
    return to_words(from_words(a) + from_words(b), max(len(a), len(b)))


@_primitive(_emit_subtract, max)
def subtract(a: Words, b: Words) -> Words:
    """The difference modulo 2**64 for each word of the wider."""
    return to_words(from_words(a) - from_words(b), max(len(a), len(b)))


@_primitive(_emit_less, lambda _a, _b: -1)
def less(a: Words, b: Words) -> bool:
    """Whether the first is the smaller."""
    return from_words(a) < from_words(b)


@_primitive(_emit_product, lambda a, b: a + b)
def product(a: Words, b: Words) -> Words:
    """The whole product, as many words as both have."""
    return to_words(from_words(a) * from_words(b), len(a) + len(b))


@_primitive(_emit_shift_left, lambda a, _: a)
def shift_left(a: Words, bits: np.uint64) -> Words:
    """The words moved up by 0 to 63 bits, what leaves at the top lost."""
    return to_words(from_words(a) << int(bits), len(a))


@_primitive(_emit_shift_right, lambda a, _: a)
def shift_right(a: Words, bits: np.uint64) -> Words:
    """The words moved down by 0 to 63 bits."""
    return to_words(from_words(a) >> int(bits), len(a))


@_primitive(_emit_leading_zeros, lambda _a, _b: 0)
def leading_zeros(word: np.uint64) -> np.uint64:
    """How many of the highest bits of a word are 0: 64 of a 0."""
    return np.uint64(64 - int(word).bit_length())
