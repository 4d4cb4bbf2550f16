"""Recording chosen state columns through a run, as one more table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from barter_bt.engine.record import EACH_EVENT, EACH_MARK
from barter_bt.engine.state.tables import EngineState, Watched
from barter_bt.errors import ConfigError, nearest
from barter_bt.instrument import IndexedInstruments, Scales

_EVERY = {"mark": EACH_MARK, "event": EACH_EVENT}
_TABLES = ("engine", "assets", "instruments")
_TICKS = {"last", "bid", "ask"}
_LOTS = {"quantity", "quantity_max", "working"}
_MONEY = {"cost_basis", "realised", "fees_enter", "fees_exit", "value", "unrealised", "settled"}
_ASSET_MONEY = {"total", "free", "held", "due", "rest"}


@dataclass(frozen=True)
class Record:
    """Which state columns to keep, and how often.

    Parameters
    ----------
    columns
        ``"table.column"`` of the engine's state, such as ``"instruments.quantity"`` or ``"assets.free"``: one number
        for each instrument or asset. ``instruments.value`` and ``instruments.unrealised`` are at the mark.
    every
        ``"mark"``: with each equity mark (see ``mark_every``); ``"event"``: as each event of the engine left it.

    Examples
    --------
    >>> Record(("instruments.quantity",)).every
    'mark'
    """

    columns: Sequence[str]
    every: str = "mark"

    def __post_init__(self) -> None:
        if self.every not in _EVERY:
            raise ConfigError(f"record every {self.every!r}; allowed: {', '.join(_EVERY)}")
        if not self.columns:
            raise ConfigError("record names no columns", "for example instruments.quantity")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Record:
        """What a mapping, such as a section of a configuration file, asks for.

        Raises
        ------
        ConfigError
            It has no columns, a key that is none, or a value out of its range.

        Examples
        --------
        >>> Record.of({"columns": ["assets.free"], "every": "event"}).every
        'event'
        """
        for name in given:
            if name not in ("columns", "every"):
                like = nearest(name, ("columns", "every"))
                hint = f"did you mean {like!r}?" if like else None
                raise ConfigError(f"record has {name!r}, which is not known; known: columns, every", hint)
        return cls(given.get("columns", ()), **{"every": given["every"]} if "every" in given else {})

    def watch(self, s: EngineState) -> None:
        """Tell the engine what to record."""
        s.replace("watched", Watched(sum(len(getattr(s, table)) for table, _ in self._places(s))))
        k = 0
        for table, column in self._places(s):
            values = getattr(s, table).array(column).view(np.int64)
            for row in range(len(getattr(s, table))):
                s.watched.point("column", k, values)
                s.watched.row[k] = row
                k += 1
        s.engine.recording[0] = _EVERY[self.every]

    def _places(self, s: EngineState) -> list[tuple[str, str]]:
        found = []
        for name in self.columns:
            table, _, column = name.partition(".")
            known = [f"{t}.{c}" for t in _TABLES for c, code in s.tables()[t].schema.items() if code in ("i8", "f8")]
            if name not in known:
                like = nearest(name, known)
                raise ConfigError(
                    f"cannot record {name!r}",
                    f"did you mean {like!r}?" if like else "write table.column, such as instruments.quantity",
                )
            found.append((table, column))
        return found

    def frame(self, s: EngineState, index: IndexedInstruments, scales: Scales) -> pl.DataFrame:
        """The record: ``time``, ``sequence`` and one column for each number, in natural units."""
        readings = s.readings.array("value").reshape(len(s.records), len(s.watched))
        columns = {"time": pl.Series(s.records.array("time")).cast(pl.Datetime("ns", "UTC"))}
        frame: dict[str, object] = {**columns, "sequence": s.records.array("sequence").copy()}
        names = {"instruments": index.names, "assets": index.asset_names, "engine": [""]}
        k = 0
        for table, column in self._places(s):
            is_float = s.tables()[table].schema[column] == "f8"
            for row, name in enumerate(names[table]):
                raw = np.ascontiguousarray(readings[:, k])
                step = _step(table, column, row, index, scales)
                if table == "instruments" and column in _TICKS:
                    raw = _above_zero(raw, s.terms.zero[row])
                values = raw.view(np.float64) if is_float else raw if step is None else _natural(raw, step)
                frame[f"{table}.{column}" + (f"[{name}]" if name else "")] = values
                k += 1
        return pl.DataFrame(frame)


def _step(table: str, column: str, row: int, index: IndexedInstruments, scales: Scales) -> Decimal | None:
    if table == "assets":
        return scales.units[row] if column in _ASSET_MONEY else None
    if table != "instruments":
        return None
    if column in _TICKS:
        return scales.ticks[row]
    if column in _LOTS:
        return scales.lots[row]
    return scales.units[index.settlement_assets[row]] if column in _MONEY else None


def _above_zero(ticks: np.ndarray, zero: int) -> np.ndarray:
    """Ticks from a price of 0 on; NaN where there is no price and 0 could be one (rule 76)."""
    return np.where(ticks == 0, np.nan, ticks - zero) if zero else ticks


def _natural(raw: np.ndarray, step: Decimal) -> np.ndarray:
    inverse = 1 / step
    return raw / float(inverse) if inverse == inverse.to_integral_value() else raw * float(step)
