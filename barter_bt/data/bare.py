"""Sources without rows: a header alone does not say of which type its columns are."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from barter_bt.data.canonical import Options
from barter_bt.data.resolve import resolve
from barter_bt.data.schema import NUMBERS, SCHEMAS, TIME, TIME_NAMES, UNTYPED
from barter_bt.data.source import CsvSource, FrameSource, Source


class _Bare(FrameSource):
    """No rows, of columns that have types."""

    def __init__(self, source: Source, kinds: Mapping[str, pl.DataType]) -> None:
        super().__init__(pl.DataFrame(schema={**source.schema, **kinds}), source.label)
        self._source = source

    def sha256(self) -> str | None:
        """Checksum of the file's bytes."""
        return self._source.sha256()


def typed(source: Source, kinds: Mapping[str, pl.DataType]) -> Source:
    """The source; if it has no rows, these columns have these types where text, or nothing, stands for them.

    Examples
    --------
    >>> typed(FrameSource(pl.DataFrame(schema={"time": pl.String})), {"time": TIME}).schema["time"]
    Datetime(time_unit='ns', time_zone='UTC')
    """
    there = {name: source.schema[name] for name in _untyped(source)}
    found = {name: kind for name, kind in kinds.items() if name in there and there[name] != kind}
    return source if not found or source.rows else _Bare(source, found)


def typed_market(source: Source, options: Options) -> Source:
    """The same for market data, whose times are as its options say.

    Examples
    --------
    >>> empty = FrameSource(pl.DataFrame(schema=dict.fromkeys(("ts", "price", "qty"), pl.String)))
    >>> typed_market(empty, Options("trades", instrument="btc_usdt", time_unit="ms")).schema.dtypes()
    [Int64, Float64, Float64]
    """
    if not _untyped(source):
        return source
    columns = resolve(source.schema, source.label, options.kind, options.columns, options.instrument)
    time = TIME if options.time_zone is None else pl.Datetime("ns")
    kinds: dict[str, pl.DataType] = dict.fromkeys((*SCHEMAS[options.kind].floats, "volume"), pl.Float64())
    kinds |= dict.fromkeys((*NUMBERS, "order_id", "snapshot"), pl.Int64())
    kinds |= dict.fromkeys(TIME_NAMES, time if options.time_unit is None else pl.Int64())
    found = {given: kinds[name] for name, given in columns.items() if name in kinds}
    texts = {name: pl.String() for name in columns.values() if source.schema[name] == pl.Null}
    return typed(source, {**texts, **found})


def _untyped(source: Source) -> list[str]:
    """Columns whose type says nothing if there are no rows: of a CSV file all, guessed by their names."""
    if isinstance(source, FrameSource) and not source.is_lazy and source.rows:
        return []
    if isinstance(source, CsvSource):
        return source.schema.names()
    return [name for name, kind in source.schema.items() if kind in UNTYPED]
