"""Journals of a run as plain rows, and how a row is told of. Amounts are integers: ticks, lots, units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from barter_bt.backtest import Result
from barter_bt.columns.table import Table
from barter_bt.data.moment import moment
from barter_bt.errors import ConfigError

Row = Mapping[str, Any]


def rows(table: Table) -> list[dict[str, Any]]:
    """Every row of a journal by column, as Python's integers, which do not overflow."""
    columns = {name: table.array(name).tolist() for name, code in table.schema.items() if code[0] != "*"}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def state_of(result: Result) -> Any:
    """The engine's columns at the end; of a saved run there are none."""
    if not isinstance(result, Result):
        raise ConfigError(
            f"an invariant is asked of {type(result).__name__}; it must be a Result",
            "what is read back from a directory has tables alone: run it again",
        )
    return result.state


def place(result: Result, table: str, number: int, row: Row, time: str = "time_exchange") -> str:
    """Where something is wrong: table, row, name and time."""
    name = result.index.names[row["instrument"]] if "instrument" in row else result.index.asset_names[row["asset"]]
    return f"{table}, row {number} ({name}), at {moment(row[time])}"


def fail(where: str, what: str) -> NoReturn:
    """Say what does not hold."""
    raise AssertionError(f"{where}: {what}")


def expect(found: object, expected: object, where: str, what: str, rule: str) -> None:
    """Say what is and what should be where these differ."""
    if found != expected:
        fail(where, f"{what} is {found}, and {expected} {rule}")
