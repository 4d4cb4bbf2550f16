"""Tables as strategies see them: every row number is checked, and what is not the strategy's cannot be written.

``block.read_only`` and ``block.checked`` give such a view, ``view.whole`` gives the block again, which is how the
functions that a strategy calls reach what the strategy itself may not. In compiled code the same three attributes
change the type and cost nothing (see :mod:`barter_bt.columns.view_lowering`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from barter_bt.errors import StrategyError

if TYPE_CHECKING:
    import polars as pl

    from barter_bt.columns.table import Table

SAYS = "the strategy"  # what is objected to begins with this; the compiler's own messages do not
# The same words in both modes: compiled code fills in the numbers by itself.
BEYOND = "row %lld of %s, which has %lld row(s)"
NOT_ITS_OWN = "is the engine's: a strategy reads it, and asks for orders with the functions of barter_bt.strategy.api"
BY_ROW = "a column is written row by row: table.column[row] = value, with row 0 in my.parameters and my.variables"
OF_COLUMNS = "holds whole columns of the engine's own, which a strategy cannot read"


def _refuse_name(place: str, name: str) -> NoReturn:
    raise StrategyError(f"the strategy sets {place}.{name}", BY_ROW)


class ColumnView:
    """One column; rows from 0, none beyond the end and none counted from it."""

    __slots__ = ("_name", "_place", "_table", "_writable")

    def __init__(self, table: Table, name: str, place: str, writable: bool) -> None:
        self._table, self._name, self._place, self._writable = table, name, place, writable

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, row: int) -> Any:
        if not 0 <= row < len(self._table):
            raise IndexError(BEYOND.replace("%lld", "%d") % (row, self._place, len(self._table)))
        return getattr(self._table, self._name)[row]

    def __setitem__(self, row: int, value: Any) -> None:
        if not self._writable:
            raise StrategyError(f"{self._place} {NOT_ITS_OWN}")
        self[row]
        getattr(self._table, self._name)[row] = value


class TableView:
    """One table, by the names of its columns."""

    _table: Table
    _place: str

    def __init__(self, table: Table, place: str, writable: bool) -> None:
        views = {
            name: ColumnView(table, name, f"{place}.{name}", writable)
            for name, c in table.schema.items()
            if c[0] != "*"
        }
        vars(self).update(_table=table, _place=place, **views)

    def __len__(self) -> int:
        return len(self._table)

    def __getattr__(self, name: str) -> Any:
        if name in self._table.schema:
            raise StrategyError(f"{self._place}.{name} {OF_COLUMNS}")
        raise AttributeError(f"{self._place} has no column {name!r}; it has {', '.join(self._table.schema)}")

    def __setattr__(self, name: str, value: object) -> None:
        _refuse_name(self._place, name)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Rows of a column as a NumPy array that cannot be written."""
        array: npt.NDArray[Any] = np.asarray(self._table.array(name)).view()
        array.flags.writeable = False
        return array

    def to_polars(self) -> pl.DataFrame:
        """Copy the rows into a Polars frame of raw integers."""
        return self._table.to_polars()
