"""What is odd about the times of a stream as a whole: no row is wrong, and yet all of them may be."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from barter_bt.data.canonical import Canon
from barter_bt.data.report import Finding
from barter_bt.data.rows import Rows
from barter_bt.data.schema import SCHEMAS
from barter_bt.data.source import Source
from barter_bt.errors import MISSPELT, nearest

_SAID_BY = {
    "columns": " is read as ",
    "time_unit": "integer times are read as",
    "time_zone": "days are read as those of",
    "interval": "interval=",
}
"""The options that say what was understood, and the words by which it is told (``infer.py``)."""
_1971_NS = 31_536_000_000_000_000


def doubts(stream: Rows) -> tuple[Finding, ...]:
    """Tell what was understood and not said; warn of dates read as closes, of times all in 1970, and of no rows at all.

    Examples
    --------
    >>> from barter_bt.data import candles
    >>> prices = dict.fromkeys(("open", "high", "low", "close"), [1.0])
    >>> daily = pl.DataFrame({"Date": ["2024-01-02"], **prices}).with_columns(pl.col("Date").str.to_date())
    >>> options = {"instrument": "a_usd", "interval": "1d", "time_zone": "UTC"}
    >>> [doubt.code for doubt in doubts(candles(daily, columns={"Date": "time_exchange"}, **options))]
    ['date_as_close']
    >>> doubts(candles(daily, columns={"Date": "time_open"}, **options))
    ()
    """
    found = [_told(label, notes) for label, notes in stream.notes.items()]
    for source, canon in stream.given:
        found += getattr(source, "doubts", ())  # of a catalog
        if source.rows:
            found += [*_misspelt(stream.kind, source, canon)]
            found += [*_dates_as_closes(source, canon), *_all_in_1970(source, canon)]
        else:
            found.append(Finding("empty", "", 0, (), f"{source.label}: has no rows", "a run needs some", source.label))
    return tuple(found)


def _told(label: str, notes: tuple[str, ...]) -> Finding:
    message = f"{label}: {'; '.join(notes)}"
    options = [f"{option}=" for option, words in _SAID_BY.items() if any(words in note for note in notes)]
    right = f"give {', '.join(options)}" if options else "say what is right"
    return Finding(
        "understood", "", 0, (), message, f"if that is wrong, {right}; what you say is not told again", label
    )


def _misspelt(kind: str, source: Source, canon: Canon) -> Iterator[Finding]:
    """Columns that count as the user's own, and are called almost like one of ours that is not there."""
    own = [name for name in source.schema if name not in canon.needed]
    for name in SCHEMAS[kind].names:
        like = nearest(name, own, MISSPELT) if name not in canon.columns else None
        if like is not None:
            message = f"{source.label}: column {like!r} is kept as one of your own; {kind} may have a {name!r}"
            hint = f"if it is that: columns={{{like!r}: {name!r}}}; else call it by another name"
            yield Finding("misspelt", like, source.rows, (), message, hint, source.label)


def _dates_as_closes(source: Source, canon: Canon) -> Iterator[Finding]:
    column = canon.columns.get("time_exchange", "")
    if not canon.opens_by_days or "close" in column.lower() or "end" in column.lower():
        return
    time = canon.expressions["time_exchange"].dt.convert_time_zone(canon.zone or "UTC").dt.time()
    for first_row, raw in source.pieces(sorted(set(canon.expressions["time_exchange"].meta.root_names()))):
        count = raw.select((time == pl.time(0)).sum()).item()
        if count == raw.height:
            message = (
                f"{source.label}: column {column!r} is read as the close of daily candles and is always midnight; "
                "a date is usually the open of its bar, and then every decision knows its close a day too early"
            )
            hint = f"columns={{{column!r}: 'time_open'}}; if it is the close, call it 'time_close'"
            yield Finding("date_as_close", column, count, (first_row,), message, hint, source.label)
        return  # the first piece tells


def _all_in_1970(source: Source, canon: Canon) -> Iterator[Finding]:
    time = canon.expressions["time_exchange"]
    roots = sorted(set(time.meta.root_names()))
    if not all(source.schema[name].is_integer() for name in roots):
        return
    first, last = (edge.select(time.to_physical()).item() for edge in source.edges(roots))
    if first is None or last is None or not 0 <= first <= last < _1971_NS:
        return
    message = f"{source.label}: all times of column {roots[0]!r} lie in 1970, from {first} to {last} ns"
    yield Finding("time_unit", roots[0], source.rows, (0,), message, "is time_unit right?", source.label)
