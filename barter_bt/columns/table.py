"""Tables: columns of equal length that mean the same in Python and in compiled code.

A table is declared by annotations, one per column::

    class Assets(Table):
        total: I64
        free: I64

In Python each column is a :class:`memoryview` over a NumPy array, so ``assets.total[i]`` is a plain
``int`` (an overflow raises, nothing wraps). In compiled code (see :mod:`barter_bt.columns.lowering`)
the same expression is one load through the table's *descriptor*: an ``int64`` array ``[rows, capacity,
address of column 0, address of column 1, ...]``. Compiled code never owns a column and counts no references.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from barter_bt.columns.column import DTYPES, annotated, layout_of
from barter_bt.columns.memory import address_of, take
from barter_bt.errors import StorageError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_SPARE, _MUCH = 4, 1 << 20  # room for so many times the rows, bytes: given back at the end of a run
_SLACK = 64  # bytes, so that a block can begin where its address divides by as many
_MOVED = 1 << 24  # bytes that are moved at a time
_HEADER = 2  # rows and capacity stand before the addresses
_by_address: weakref.WeakValueDictionary[int, Table] = weakref.WeakValueDictionary()


class _OutOfMemory(threading.local):
    """Why compiled code of this thread could not grow a table; its run ends with this error."""

    def __init__(self) -> None:
        self.error: MemoryError | StorageError | None = None

    def note(self, error: MemoryError | StorageError) -> None:
        """Remember an error, the first."""
        self.error = self.error or error

    def take(self) -> MemoryError | StorageError | None:
        """It, once; None where there was room enough."""
        error, self.error = self.error, None
        return error


out_of_memory = _OutOfMemory()


class Memory(Protocol):
    """Where growable tables lie that share what there is (:mod:`barter_bt.columns.spill`)."""

    def has_room(self, table: Table, size: int) -> bool:
        """Whether so many bytes of a table could lie in memory."""
        ...

    def keeps(self, table: Table, size: int) -> bool:
        """Whether so many bytes of a table may lie in memory; if so, they count from now on."""
        ...

    def take(self, table: Table, size: int) -> npt.NDArray[np.uint8]:
        """At least so many bytes for a table, in place of those that it had."""
        ...

    def is_in_file(self, table: Table) -> bool:
        """Whether a table lies in a file."""
        ...

    def release(self) -> None:
        """Let the system have the memory of what lies in files."""
        ...


def _view(array: npt.NDArray[Any]) -> memoryview[Any]:
    return memoryview(cast("Any", array))


class Table:
    """Columns of equal length. Subclass it and annotate the columns.

    Where every table of a class has as many rows, as in ``class Clock(Table, rows=1)``, compiled code finds all columns
    from one address.

    Parameters
    ----------
    rows
        Length of a fixed table; first capacity of a growable one (which starts with no rows).

    Attributes
    ----------
    schema
        Column name to dtype code: ``i8 i4 i1 f8``, with ``*`` before it for columns of columns.

    Examples
    --------
    >>> fills = make_table("Fills", {"price": "i8"}, growable=True)(1)
    >>> for price in (5, 7, 9):
    ...     row = fills.append()  # before the column is read: growing moves columns
    ...     fills.price[row] = price
    >>> fills.array("price")
    array([5, 7, 9])
    """

    schema: ClassVar[dict[str, str]] = {}
    growable: ClassVar[bool] = False
    _rows: ClassVar[int] = 0

    def __init_subclass__(cls, growable: bool = False, rows: int = 0) -> None:
        cls.growable, cls._rows = growable, rows
        hints = annotated(cls).items()
        cls.schema = {name: hint.__metadata__[0] for name, hint in hints if hasattr(hint, "__metadata__")}

    def __init__(self, rows: int) -> None:
        if self._rows not in (0, rows):
            raise TypeError(f"a {type(self).__name__} has {self._rows} row(s), not {rows}")
        capacity = max(rows, 1)
        self._layout = layout_of(type(self))
        self._descriptor = np.zeros(_HEADER + len(self.schema), np.int64)
        self._head: memoryview[int] = _view(self._descriptor)
        self._arrays: dict[str, npt.NDArray[Any]] = {}  # of the columns that Python has asked for
        self._block: npt.NDArray[np.uint8]
        self._places: list[int]  # of the columns in it
        self._is_over = False  # columns are arrays that were there, see over()
        self._memory: Memory | None = None  # None: as much as there is
        self._head[0] = 0 if self.growable else rows
        self._allocate(capacity)
        self.address: int = self._descriptor.__array_interface__["data"][0]
        self._can_be_found()

    @classmethod
    def dtype(cls, name: str) -> np.dtype[Any]:
        """The type of a column's elements."""
        return DTYPES[cls.schema[name]]

    @classmethod
    def over(cls, columns: Mapping[str, npt.NDArray[Any]]) -> Self:
        """A fixed table of these columns, which are not copied: writes go to the arrays."""
        table, rows = cls(0), {len(array) for array in columns.values()}
        if cls.growable or set(columns) != set(cls.schema) or len(rows) != 1:
            raise TypeError(f"a {cls.__name__} over columns wants all of {list(cls.schema)} at one length")
        for k, (name, code) in enumerate(cls.schema.items()):
            array = columns[name]
            if array.dtype != DTYPES.get(code) or not array.flags.c_contiguous:
                raise TypeError(f"column {name!r} ({code}) cannot be {array.dtype} with strides {array.strides}")
            table._arrays[name] = array
            table._head[_HEADER + k] = array.__array_interface__["data"][0]
        for name in table._layout.named:
            setattr(table, name, _view(columns[name]))
        table._head[0] = table._head[1] = rows.pop()
        table._is_over = True
        return table

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> memoryview[Any]:
            """A column that Python reads for the first time: of most, only compiled code ever does."""
            if name.startswith("_") or name not in self.schema:
                raise AttributeError(f"{type(self).__name__!r} has no column {name!r}")
            view = _view(self._whole(name))
            setattr(self, name, view)
            return view

    def __len__(self) -> int:
        return self._head[0]

    def append(self) -> int:
        """Add a row and return its number. The caller writes every column of it."""
        row = self._head[0]
        if row == self._head[1]:
            self.grow()
        self._head[0] = row + 1
        return row

    def spare(self) -> int:
        """How many rows can be added before the table must grow."""
        return self._head[1] - self._head[0]

    def truncate(self, rows: int) -> None:
        """Keep the first ``rows`` rows."""
        self._head[0] = rows

    def copy(self) -> Self:
        """Another table with the same rows, and room for as many; columns of columns point to the same columns."""
        other = type(self)(self._head[1] if self.growable else len(self))
        other.truncate(len(self))
        if self._is_over:
            for name, array in self._arrays.items():
                other._whole(name)[: len(self)] = array[: len(self)]
        else:
            other._move(self._block, self._places, len(self))
        for name in self._layout.pointers:
            setattr(other, name, list(getattr(self, name)))
        return other

    def image(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]] | None:
        """Descriptor and columns as they lie in memory, the former with places in the latter; None of arrays.

        See :class:`~barter_bt.columns.template.Template`.
        """
        if self._is_over:
            return None
        return np.array([*self._head[:_HEADER], *self._places[:-1]], np.int64), self._block

    def placed(
        self, address: int, head: memoryview[int], descriptor: npt.NDArray[np.int64], block: npt.NDArray[np.uint8]
    ) -> Self:
        """The same table in another place, where its image is: its descriptor at an address, and its block."""
        other = object.__new__(type(self))
        layout = self._layout
        vars(other).update(_layout=layout, _places=self._places, _head=head, _descriptor=descriptor, _block=block)
        vars(other).update(_arrays={}, _is_over=False, _memory=None, address=address)
        for name in layout.pointers:
            setattr(other, name, list(getattr(self, name)))
        for name in layout.named:
            setattr(other, name, _view(other._whole(name)))
        other._can_be_found()
        return other

    def _can_be_found(self) -> None:
        if self.growable:
            _by_address[self.address] = self

    def __reduce__(self) -> Any:
        """Pickled are the rows; columns of columns, which live elsewhere, point to nothing afterwards."""
        columns = {name: self.array(name) for name, code in self.schema.items() if code[0] != "*"}
        return _table_of, (type(self), len(self), columns)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Rows of a column as a NumPy view; it shows later writes until the table grows."""
        view: npt.NDArray[Any] = self._whole(name)[: len(self)]
        return view

    def _whole(self, name: str) -> npt.NDArray[Any]:
        """A column with its room for more rows."""
        array = self._arrays.get(name)
        if array is None:
            k = self._layout.numbers[name]
            start, dtype = self._places[k], self._layout.dtypes[k]
            array = self._block[start : start + self._head[1] * dtype.itemsize].view(dtype)
            self._arrays[name] = array
        return array

    def to_polars(self) -> pl.DataFrame:
        """Copy the rows into a Polars frame of raw integers: a picture of this moment."""
        import polars as pl

        return pl.DataFrame({name: self.array(name).copy() for name, code in self.schema.items() if code[0] != "*"})

    def to_arrow(self) -> pa.Table:
        """Show the rows as an Arrow table that shares their memory: it sees later writes until the table grows."""
        import pyarrow as pa

        return pa.table({name: pa.array(self.array(name)) for name, code in self.schema.items() if code[0] != "*"})

    def point(self, name: str, row: int, array: npt.NDArray[Any]) -> None:
        """Let element ``row`` of a column of columns be ``array``, which must outlive its use."""
        code = self.schema[name]
        if code[0] != "*" or array.dtype != DTYPES[code[1:]] or not array.flags.c_contiguous:
            raise TypeError(f"column {name!r} ({code}) cannot point to {array.dtype} with strides {array.strides}")
        self._whole(name)[row] = array.__array_interface__["data"][0]
        getattr(self, name)[row] = _view(array)

    def grow(self) -> None:
        """Make room for more rows."""
        capacity = self._head[1]
        self._allocate(capacity * (4 if capacity < 1 << 20 else 2))

    def reserve(self, rows: int) -> None:
        """Make room for so many rows at once."""
        if rows > self._head[1]:
            self._allocate(rows)

    def expect(self, rows: int) -> None:
        """Make room for so many rows that there may be, in memory, which costs nothing as long as it is not written."""
        size = self._layout.places(rows)[0][-1] + _SLACK
        if self._memory is None or self._memory.has_room(self, size):
            self.reserve(rows)

    def move_to(self, memory: Memory) -> None:
        """Lie in another memory from now on, which may take over what there is."""
        self._memory = memory
        if not memory.keeps(self, self._block.size):
            self._allocate(self._head[1])

    def trim(self) -> None:
        """Give back room that was not needed, where it is most of much; others use the memory again."""
        if not self.growable:
            return
        rows, capacity = max(len(self), 1), self._head[1]
        if capacity < _SPARE * rows or self._block.size < _MUCH:
            return
        if not (self._memory and self._memory.is_in_file(self)):  # there less would need a file beside it
            self._allocate(rows)

    def _allocate(self, capacity: int) -> None:
        """Move to one new block of memory, each column on a boundary of 64 bytes."""
        layout, old = self._layout, self._head[1]
        places, starts = layout.places(capacity)
        size = places[-1] + _SLACK
        block = take(size) if self._memory is None else self._memory.take(self, size)
        address = address_of(block)
        before = (self._block, self._places) if old else None
        self._block, self._places = block[-address % 64 :][: places[-1]], places
        if not self.growable:
            self._block[:] = 0
        np.add(starts, address + -address % 64, out=self._descriptor[_HEADER:])
        if before:
            self._move(*before, min(len(self), capacity))
        self._head[1] = capacity
        for name in self._arrays:
            if name not in layout.pointers:
                vars(self).pop(name, None)
        self._arrays.clear()
        for name in layout.pointers:
            known = vars(self).get(name, [])
            setattr(self, name, [*known, *[None] * (capacity - len(known))])
        for name in layout.named:
            setattr(self, name, _view(self._whole(name)))

    def _move(self, block: npt.NDArray[np.uint8], places: list[int], rows: int) -> None:
        """Take over the first rows of another block."""
        if places == self._places and not self.growable:
            self._block[:] = block
            return
        if not rows:
            return
        for to, start, width in zip(self._places, places, self._layout.widths, strict=False):
            for done in range(0, rows * width, _MOVED):
                end = min(done + _MOVED, rows * width)
                self._block[to + done : to + end] = block[start + done : start + end]
                if self._memory:
                    self._memory.release()


def _table_of(cls: type[Table], rows: int, columns: Mapping[str, npt.NDArray[Any]]) -> Table:
    table = cls(rows)
    table.truncate(rows)
    for name, values in columns.items():
        table.array(name)[:] = values
    return table


def grow(address: int) -> int:
    """Double the table whose descriptor lies at ``address``; 0 on success. Called from compiled code."""
    table = _by_address[address]
    try:
        table.grow()
    except (MemoryError, StorageError) as error:
        out_of_memory.note(
            error if isinstance(error, StorageError) else MemoryError(f"table {type(table).__name__} could not grow")
        )
        return 1
    return 0


def make_table(name: str, columns: Mapping[str, str], *, growable: bool = False) -> type[Table]:
    """A table class from a mapping of column name to dtype code, for columns known only at run time.

    Examples
    --------
    >>> make_table("Mine", {"seen": "i8"}).schema
    {'seen': 'i8'}
    """
    cls: type[Table] = type(name, (Table,), {}, growable=growable)
    cls.schema = dict(columns)
    return cls
