"""Of which kind the rows of files or of a catalog are, where the command does not say so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from barter_bt.errors import BarterBtError, ConfigError

_HINT = "say what the rows are: --kind {}"


def kind_in_catalog(path: str, instrument: str | None) -> str:
    """The only kind of market data that a catalog has, of an instrument if one is named."""
    import polars as pl

    from barter_bt.data import Catalog
    from barter_bt.data.schema import SCHEMAS

    files = Catalog(path).files.filter(pl.col("kind").is_in(list(SCHEMAS)))
    files = files if instrument is None else files.filter(pl.col("instrument") == instrument)
    kinds = sorted(files["kind"].unique())
    if len(kinds) == 1:
        return str(kinds[0])
    of = f" of {instrument}" if instrument else ""
    there = f"there are {', '.join(kinds)}" if kinds else "there is no market data"
    raise ConfigError(f"--kind is missing: {there}{of} in {path}", _HINT.format(kinds[0]) if kinds else None)


def kind_of_files(paths: Sequence[Path], columns: dict[str, str] | None, instrument: str | None) -> str:
    """The only kind that has the columns of the first file."""
    from barter_bt.data.resolve import resolve
    from barter_bt.data.schema import SCHEMAS
    from barter_bt.data.source import open_source

    source = open_source(paths[0])
    kinds = []
    for kind in SCHEMAS:
        for name in {instrument, instrument or "one"}:  # whether there is a column that names it does not matter here
            try:
                resolve(source.schema, source.label, kind, columns, name)
            except BarterBtError:
                continue
            kinds.append(kind)
            break
    if "book_orders" in kinds:
        return "book_orders"  # whose columns are those of a book and of trades, and more
    if len(kinds) == 1:
        return kinds[0]
    names = ", ".join(source.schema) or "no columns"
    fits = f"may be those of {' or '.join(kinds)}" if kinds else f"are those of no kind ({', '.join(SCHEMAS)})"
    hint = _HINT.format(kinds[0] if kinds else "candles --columns Date=time_open")
    raise ConfigError(f"--kind is missing: the columns of {source.label} ({names}) {fits}", hint)
