"""Functions in Python that compiled code calls: by a number, through one address of this process.

What such a function raises cannot pass through compiled code, so it must raise nothing.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any, Protocol

from barter_bt.columns.marks import native

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


def _native_call() -> Any:
    from barter_bt.columns.lowering import called_back

    return called_back(call, "barter_bt_call")


@native(_native_call)
def call(number: int, value: int) -> int:
    """Call the function of a number."""
    return _known[number](value)
