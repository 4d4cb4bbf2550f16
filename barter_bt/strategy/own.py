"""Tables of a strategy's own: what its functions find in ``my``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import polars as pl

from barter_bt.columns.block import Block, make_block
from barter_bt.columns.table import Table, make_table
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments

Numbers = Mapping[str, float]
Parameters = Mapping[str, float | str]
_KINDS: dict[type, str] = {int: "i8", bool: "i8", float: "f8"}


def own_tables(
    parameters: Parameters,
    variables: Numbers,
    per_instrument: Numbers,
    index: IndexedInstruments,
    numbers: Mapping[str, int] | None = None,
) -> Block:
    """Make ``my.parameters`` and ``my.variables`` of one row, and ``my.per_instrument`` of one row per instrument.

    A parameter that is text names an instrument: what is read is its index. Where there are ``numbers`` of columns of
    the data, they are ``my.columns``, of one row.

    Raises
    ------
    StrategyError
        A value is not an int or a float.
    InstrumentError
        A parameter names an instrument that is not there.
    """
    rows = {"parameters": 1, "variables": 1, "per_instrument": len(index)}
    read = {name: index.instrument(one) if isinstance(one, str) else one for name, one in parameters.items()}
    given: dict[str, Numbers] = {"parameters": read, "variables": variables, "per_instrument": per_instrument}
    if numbers:
        given["columns"], rows["columns"] = numbers, 1
    columns = {name: tuple((key, _kind(name, key, one)) for key, one in each.items()) for name, each in given.items()}
    classes, block = _classes(**columns)
    tables = {name: cls(rows[name]) for name, cls in classes.items()}
    for table, values in given.items():
        for name, value in values.items():
            tables[table].array(name)[:] = value
    return block(**tables)


@lru_cache(maxsize=256)
def _classes(**columns: tuple[tuple[str, str], ...]) -> tuple[dict[str, type[Table]], Callable[..., Block]]:
    """Classes of such tables and of their block: the same for all runs of a strategy, as are things found of them."""
    layout = {
        name: make_table(name.title().replace("_", ""), dict(own) or {"unused": "i8"}) for name, own in columns.items()
    }
    return layout, make_block("StrategyState", layout)


def own_frames(my: Block) -> dict[str, pl.DataFrame]:
    """What stands in a strategy's own tables, by table, but for numbers of columns and tables without any."""
    found = {}
    for name, table in my.tables().items():
        if isinstance(table, Table) and name != "columns" and list(table.schema) != ["unused"]:
            found[name] = pl.DataFrame({column: table.array(column).copy() for column in table.schema})
    return found


def _kind(table: str, name: str, value: object) -> str:
    if type(value) not in _KINDS:
        raise StrategyError(f"{table} {name!r} is {value!r}; a strategy's own values are int or float")
    return _KINDS[type(value)]
