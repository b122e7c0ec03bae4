"""The declarations of kernels and of what they call, and how they become machine code."""

from __future__ import annotations

import builtins
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

import numpy as np

from trimtab.core.errors import ConfigError
from trimtab.core.kernel import cache

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Compiled(Protocol[P, R_co]):
    """What the compiler makes of a function."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """The result of the compiled code."""
        ...


class Part(ABC, Generic[P, R]):
    """A function that compiled code may call. Called from Python, it runs as Python."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = cast(FunctionType, function)
        self.__doc__ = function.__doc__
        self.__name__ = self.function.__name__
        self.__module__ = function.__module__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function says in plain Python."""
        return cast("R", self.function(*args, **kwargs))

    @abstractmethod
    def compiler_object(self) -> object:
        """What stands for this function in compiled code."""


class Routine(Part[P, R]):
    """A callee of kernels. Its types are those of the call."""

    def __init__(self, function: Callable[P, R], *, is_inlined: bool) -> None:
        super().__init__(function)
        self.is_inlined = is_inlined
        self._object: object = None

    def compiler_object(self) -> object:
        """Compiled where the first kernel that calls it is."""
        if self._object is None:
            from numba import njit

            compiler = njit(nogil=True, error_model="numpy", forceinline=self.is_inlined)
            self._object = compiler(linked(self.function))
        return self._object


class Kernel(Generic[P, R]):
    """A compiled function with one signature. It holds no lock while it runs."""

    def __init__(self, function: Callable[P, R], signature: str) -> None:
        self.function = cast(FunctionType, function)
        self.signature = signature
        self.__doc__ = function.__doc__
        self.__name__ = self.function.__name__
        self.__module__ = function.__module__
        self._run: Compiled[P, R] = self._first

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result; the first call compiles, or loads what was compiled earlier."""
        return self._run(*args, **kwargs)

    def _first(self, *args: P.args, **kwargs: P.kwargs) -> R:
        self.compile()
        return self._run(*args, **kwargs)

    @property
    def name(self) -> str:
        """The module and the name, which tell a kernel from all others."""
        return f"{self.__module__}.{self.__name__}"

    def compile(self) -> Compiled[P, R]:
        """The compiled code, from the cache if this very source was compiled before."""
        if _settings().DISABLE_JIT:
            raise ConfigError(
                "numba is told not to compile (NUMBA_DISABLE_JIT), and kernels do not run "
                "otherwise: unset it"
            )
        if self._run == self._first:
            self._run = self._compiled()
        return self._run

    def _compiled(self) -> Compiled[P, R]:
        from numba import njit

        settings, kept = _settings(), _folder(self.function)
        earlier, settings.CACHE_DIR = settings.CACHE_DIR, str(kept)
        try:
            compiler = njit(cache=kept is not None, nogil=True, error_model="numpy")
            dispatcher: Any = compiler(linked(self.function))
        finally:
            settings.CACHE_DIR = earlier
        dispatcher.compile(self.signature)
        dispatcher.disable_compile()
        return cast("Compiled[P, R]", dispatcher)


def _settings() -> Any:
    """What numba is told by its environment."""
    from numba import config

    return config


_KERNELS: dict[str, Kernel[..., object]] = {}


def kernel(signature: str) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Declares a kernel: `@kernel("void(uint64[:,::1], uint64[:,::1])")`, in numba's notation."""

    def declared(function: Callable[P, R]) -> Kernel[P, R]:
        found = Kernel(function, signature)
        _KERNELS[found.name] = cast("Kernel[..., object]", found)
        return found

    return declared


def routine(function: Callable[P, R]) -> Routine[P, R]:
    """Declares what kernels call."""
    return Routine(function, is_inlined=False)


def inlined(function: Callable[P, R]) -> Routine[P, R]:
    """Declares what is compiled into each place that calls it: for a few lines."""
    return Routine(function, is_inlined=True)


def compile_all() -> tuple[str, ...]:
    """The names of all kernels of this package and of what else is loaded, compiled or loaded."""
    for module in cache.kernel_sources():
        import_module(module)
    for found in list(_KERNELS.values()):
        found.compile()
    return tuple(sorted(_KERNELS))


# ------------------------------------------------------------------------------------ linking


def linked(function: FunctionType) -> FunctionType:
    """A copy of the function whose globals are what compiled code may see of them.

    Raises ConfigError for a closure, and for a global that is neither a part nor a constant.
    """
    if function.__closure__:
        raise ConfigError(f"{function.__qualname__} has free variables: a kernel stands by itself")
    seen: dict[str, object] = {"__builtins__": builtins, "__name__": function.__module__}
    for name, value in _captured(function):
        seen[name] = value.compiler_object() if isinstance(value, Part) else value
    copy = FunctionType(function.__code__, seen, function.__name__, function.__defaults__)
    copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
    return copy


def reached(function: FunctionType) -> set[FunctionType]:
    """The function and all routines that it calls, directly or not."""
    pending, found = [function], set[FunctionType]()
    while pending:
        at = pending.pop()
        found.add(at)
        called = (value.function for _, value in _captured(at) if isinstance(value, Routine))
        pending += [callee for callee in called if callee not in found]
    return found


def _in_words(function: FunctionType) -> Iterator[str]:
    """What a function is as it was loaded, which its file may no longer say."""
    code = function.__code__
    yield f"{function.__module__} {function.__qualname__} {code.co_code.hex()}"
    yield from (f"{const!r}" for const in code.co_consts if not isinstance(const, CodeType))
    yield f"{_names_in_order(code)!r}"
    for name, value in _captured(function):
        is_part = isinstance(value, Part)
        yield f"{name} {f'{value.__module__}.{value.__name__}' if is_part else repr(value)}"


def _captured(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name in sorted(_names(function.__code__)):
        if name not in function.__globals__:
            continue  # a builtin, or an attribute of something else
        value = function.__globals__[name]
        if not isinstance(value, Part) and not _is_constant(value):
            raise ConfigError(
                f"{function.__qualname__} uses {name}, which is {type(value).__name__}: a kernel "
                "sees numbers, tuples of them, numpy, and what is declared inlined or a routine"
            )
        yield name, value


def _names(code: CodeType) -> set[str]:
    inner = (_names(const) for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*inner)


def _names_in_order(code: CodeType) -> tuple[object, ...]:
    """What the indices in the code stand for: two calls exchanged differ here alone."""
    inner = (_names_in_order(const) for const in code.co_consts if isinstance(const, CodeType))
    return (code.co_names, code.co_varnames, *inner)


def _is_constant(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_constant(part) for part in value)
    if isinstance(value, ModuleType):
        return value is np
    if isinstance(value, type):
        return issubclass(value, np.generic)
    return isinstance(value, int | float | np.generic)


def _folder(function: FunctionType) -> Path | None:
    """Where the code of a kernel is kept: one folder for all sources, in it one for the kernel."""
    import numba
    from llvmlite import __version__ as of_llvmlite
    from llvmlite import binding as host

    versions = (sys.version, np.__version__, numba.__version__, of_llvmlite)
    processor = (host.get_host_cpu_name(), str(host.get_host_cpu_features().flatten()))
    functions = sorted(reached(function), key=lambda one: (one.__module__, one.__qualname__))
    files = {Path(one.__code__.co_filename) for one in functions}
    whole = cache.digest(cache.kernel_sources().values(), (*versions, *processor))
    return cache.folder(whole, cache.digest(files, chain.from_iterable(map(_in_words, functions))))
