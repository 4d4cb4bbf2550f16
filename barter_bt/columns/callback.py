"""Functions in Python that compiled code calls: by a number, through one address of this process.

What such a function raises cannot pass through compiled code, so it must raise nothing.
"""

from __future__ import annotations

import ctypes
import itertools
import weakref
from collections.abc import Callable
from typing import Any, Protocol

_numbers = itertools.count(1)
_known: weakref.WeakValueDictionary[int, Callback] = weakref.WeakValueDictionary()


class Callback(Protocol):
    """Takes an integer, returns one."""

    def __call__(self, value: int) -> int:
        """Called from compiled code."""
        ...


def register(function: Callback) -> int:
    """The number by which compiled code knows a function, as long as somebody else keeps it."""
    number = next(_numbers)
    _known[number] = function
    return number


def call(number: int, value: int) -> int:
    """Call the function of a number."""
    return _known[number](value)


_native: list[Any] = []


def native_call() -> Callable[[int, int], int]:
    """What :func:`call` is in compiled code. Numba is imported here."""
    if not _native:
        import llvmlite.binding
        from numba import types
        from numba.core.typing import signature

        pointer = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(call)
        llvmlite.binding.add_symbol("barter_bt_call", ctypes.cast(pointer, ctypes.c_void_p).value)
        function = types.ExternalFunction("barter_bt_call", signature(types.int64, types.int64, types.int64))
        _native.extend((pointer, function))
    found: Callable[[int, int], int] = _native[1]
    return found
