"""Kinds of columns, and where those of a table lie in its block of memory."""

from __future__ import annotations

import sys
import weakref
from typing import Annotated, Any, ClassVar, Protocol, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

T = TypeVar("T")


class Column(Protocol[T]):
    """What a column offers inside a kernel: reading and writing one element."""

    def __getitem__(self, row: int) -> T: ...
    def __setitem__(self, row: int, value: T) -> None: ...


I64 = Annotated[Column[int], "i8"]
I32 = Annotated[Column[int], "i4"]
I8 = Annotated[Column[int], "i1"]
F64 = Annotated[Column[float], "f8"]
# Columns of columns: element s is a whole column that lives elsewhere, for example in an Arrow buffer.
I64s = Annotated[Column[Column[int]], "*i8"]
I8s = Annotated[Column[Column[int]], "*i1"]
I32s = Annotated[Column[Column[int]], "*i4"]
F64s = Annotated[Column[Column[float]], "*f8"]

DTYPES = {code: np.dtype(code) for code in ("i8", "i4", "i1", "f8")}
_CAPACITIES = 64  # for which places are remembered


def annotated(cls: type) -> dict[str, Any]:
    """What a class and its bases annotate, by name.

    Declarations are nearly all names of their module, which are looked up: there are a thousand at each start, and
    :func:`typing.get_type_hints` compiles every one as an expression.
    """
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        names = getattr(sys.modules.get(base.__module__), "__dict__", {})
        for name, hint in vars(base).get("__annotations__", {}).items():
            if isinstance(hint, str) and hint not in names and not hint.startswith("ClassVar"):
                return get_type_hints(cls, include_extras=True)
            found[name] = names.get(hint) if isinstance(hint, str) else hint
    return found


class Declared(Protocol):
    """What declares columns: tables."""

    schema: ClassVar[dict[str, str]]


class Layout:
    """What all tables of a class have in common.

    Attributes
    ----------
    numbers, dtypes, widths
        Of each column its number, by name; its type and the bytes of an element.
    pointers
        Columns of columns.
    named
        Columns with the name of something that tables have anyway.
    """

    def __init__(self, cls: type[Declared]) -> None:
        codes = ["i8" if code[0] == "*" else code for code in cls.schema.values()]
        self.numbers = {name: k for k, name in enumerate(cls.schema)}
        self.dtypes = [DTYPES[code] for code in codes]
        self.widths = [dtype.itemsize for dtype in self.dtypes]
        self.pointers = [name for name, code in cls.schema.items() if code[0] == "*"]
        self.named = [name for name in cls.schema if hasattr(cls, name) and name not in self.pointers]
        self._places: dict[int, tuple[list[int], npt.NDArray[np.int64]]] = {}

    def places(self, capacity: int) -> tuple[list[int], npt.NDArray[np.int64]]:
        """Where each column starts, and where the last ends, as a list; and the starts as an array."""
        found = self._places.get(capacity)
        if found is None:
            if len(self._places) == _CAPACITIES:
                self._places.clear()
            ends = np.cumsum([0, *(-(-capacity * width // 64) * 64 for width in self.widths)])
            found = self._places[capacity] = ends.tolist(), ends[:-1]
        return found


_layouts: weakref.WeakKeyDictionary[type[Declared], Layout] = weakref.WeakKeyDictionary()


def layout_of(cls: type[Declared]) -> Layout:
    """That of a class of tables, made once."""
    found = _layouts.get(cls)
    if found is None:
        found = _layouts[cls] = Layout(cls)
    return found
