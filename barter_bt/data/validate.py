"""Find what is wrong with the rows of a stream, and say it so that it can be mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from barter_bt.data.report import Finding, Report
from barter_bt.data.rules import Rule, crossed_rule, row_rules
from barter_bt.data.schema import SCHEMAS, TIME_NAMES
from barter_bt.data.sequence import CODE, sequence_rules
from barter_bt.data.stream import Piece, Stream
from barter_bt.errors import ConfigError, nearest

_ROWS_SHOWN = 5


def check(stream: Stream, codes: Mapping[str, int] | None = None) -> Report:
    """Check every row of a stream.

    Parameters
    ----------
    stream
        What to check; it is read once, piece by piece.
    codes
        The declared instruments; without it any name is allowed.

    Returns
    -------
    Report
        Errors (a run refuses them) and warnings, each with the number of rows and the first of them.

    Examples
    --------
    >>> from barter_bt.data import generate, trades
    >>> frame = generate.trades(3).with_columns(price=pl.Series([100.0, -1.0, float("nan")]))
    >>> [(finding.code, finding.rows) for finding in check(trades(frame)).errors]
    [('not_positive', (1,)), ('not_finite', (2,))]
    """
    if not hasattr(stream, "pieces"):
        raise ConfigError(
            f"data.check takes a stream, and this is a {type(stream).__name__}",
            "say what its rows are: data.check(data.trades(...)), or data.quotes, data.candles",
        )
    scan = _Scan(stream, codes)
    for piece in stream.pieces():
        scan.add(piece)
    return scan.report()


@dataclass
class _Hit:
    """What one rule found in one source so far."""

    rule: Rule
    source: str
    column: str
    count: int = 0
    rows: list[int] = field(default_factory=list)
    first: str = ""


class _Scan:
    """The state of a check that goes through pieces."""

    def __init__(self, stream: Stream, codes: Mapping[str, int] | None) -> None:
        self._stream = stream
        self._declared = codes
        self._ids: dict[str, int] = {}
        self._before: pl.DataFrame | None = None
        self._hits: dict[tuple[str, str, str], _Hit] = {}
        self._rows: dict[str, int] = {}
        self._latency_min_ns = 0

    def add(self, piece: Piece) -> None:
        """Check one piece."""
        self._rows[piece.source] = max(self._rows.get(piece.source, 0), piece.first_row + piece.canonical.height)
        self._nulls(piece)
        frame = piece.canonical.with_columns(self._instruments(piece))
        frame = frame.drop("instrument", strict=False)
        names = [name for name in frame.columns if name != CODE]
        kind, single = self._stream.kind, len(self._ids) <= 1
        rules = row_rules(kind, names) + ([crossed_rule()] if kind == "quotes" else [])
        self._apply(rules, frame, 0, piece)
        start = 0 if self._before is None else self._before.height
        joined = (
            frame if self._before is None else pl.concat([self._before.select(frame.columns), frame], rechunk=False)
        )
        self._apply(sequence_rules(kind, names, single), joined, start, piece)
        if "time_received" in names:
            late = (frame["time_received"].to_physical() - frame["time_exchange"].to_physical()).min()
            self._latency_min_ns = min(self._latency_min_ns, late if isinstance(late, int) else 0)
        self._before = joined.unique(CODE, keep="last", maintain_order=True) if kind == "candles" else joined.tail(1)

    def _nulls(self, piece: Piece) -> None:
        for name, source in piece.canon.columns.items():
            if not piece.canonical[name].null_count():
                continue
            absent = piece.raw[source].is_null()
            null = Rule("null", name, pl.lit(True), "null", "values in every row", _null_hint(name))
            self._hit(null, absent, piece)
            self._hit(_inexact(name, piece.raw.schema[source]), piece.canonical[name].is_null() & ~absent, piece)

    def _instruments(self, piece: Piece) -> pl.Series:
        """Int32 codes of this scan for the instrument column; says which names are not declared."""
        if self._stream.instrument is not None:
            self._ids[self._stream.instrument] = 0
            code = pl.Series(CODE, np.zeros(piece.canonical.height, np.int32))
            if self._declared is not None and self._stream.instrument not in self._declared:
                self._hit(_unknown(self._stream.instrument, self._declared), code == 0, piece)
            return code
        names = piece.canonical["instrument"]
        distinct = [str(name) for name in names.unique().to_list() if name is not None]
        for name in sorted(distinct):
            if name not in self._ids:
                self._ids[name] = len(self._ids)
            if self._declared is not None and name not in self._declared:
                self._hit(_unknown(name, self._declared), names.cast(pl.String) == name, piece)
        ids = {name: self._ids[name] for name in distinct}
        text = names.cast(pl.String)
        codes = text.replace_strict(list(ids), list(ids.values()), default=None, return_dtype=pl.Int32)
        return codes.alias(CODE)

    def _apply(self, rules: list[Rule], frame: pl.DataFrame, start: int, piece: Piece) -> None:
        masks = frame.lazy().select(rule.bad.fill_null(False).alias(str(i)) for i, rule in enumerate(rules)).collect()
        for rule, mask in zip(rules, masks.slice(start), strict=True):
            self._hit(rule, mask, piece)

    def _hit(self, rule: Rule, mask: pl.Series, piece: Piece) -> None:
        count = int(mask.sum() or 0)
        if not count:
            return
        column = piece.canon.columns.get(rule.column, rule.column)
        key = (piece.source, rule.code + rule.problem, column)
        hit = self._hits.setdefault(key, _Hit(rule, piece.source, column))
        rows = mask.arg_true().head(_ROWS_SHOWN).to_list()
        if not hit.rows:
            hit.first = _show(piece, rule.column, rows[0], self._stream.instrument)
        hit.count += count
        hit.rows = (hit.rows + [piece.first_row + row for row in rows])[:_ROWS_SHOWN]

    def report(self) -> Report:
        """Give the findings in order of their first row."""
        order = {source: i for i, source in enumerate(self._rows)}
        hits = sorted(self._hits.values(), key=lambda hit: (order[hit.source], hit.rows[0]))
        findings = [(hit.rule.warning, self._finding(hit)) for hit in hits]
        return Report(
            tuple(finding for warning, finding in findings if not warning),
            tuple(finding for warning, finding in findings if warning),
        )

    def _finding(self, hit: _Hit) -> Finding:
        rule = hit.rule
        rows = ", ".join(str(row) for row in hit.rows) + (", ..." if hit.count > len(hit.rows) else "")
        message = (
            f"{hit.source}: column {hit.column!r} is {rule.problem} in {hit.count} of {self._rows[hit.source]} rows "
            f"(row {rows}, counted from 0); first: {hit.first}; allowed: {rule.allowed}"
        )
        hint = rule.hint
        if rule.code == "latency":
            needed = self._stream.clock_offset_ns - self._latency_min_ns
            hint = f'clock_offset={needed} (ns) is the smallest that will do, clock_offset="auto" finds it'
        return Finding(rule.code, hit.column, hit.count, tuple(hit.rows), message, hint, hit.source)


def _show(piece: Piece, name: str, row: int, instrument: str | None) -> str:
    """Value, instrument and time of a row, as far as they are known."""
    source = piece.canon.columns.get(name)
    time_ns = piece.canonical["time_exchange"].to_physical()[row]
    where = instrument if instrument is not None else piece.canonical["instrument"][row]
    at = "" if time_ns is None else f" at {_iso(time_ns)}"
    if name in TIME_NAMES and piece.canonical[name].is_not_null()[row]:
        text = _iso(piece.canonical[name].to_physical()[row])
    else:
        value = instrument if source is None else _given(piece.raw[source].slice(row, 1))
        text = str(value) if name in TIME_NAMES else repr(value)
    return f"{text} ({where}{at})"


def _iso(time_ns: int) -> str:
    return f"{np.datetime64(time_ns, 'ns')}Z"


def _given(value: pl.Series) -> object:
    """Take the one value of a series; a time that Python cannot hold as its integer."""
    try:
        return value.item()
    except OverflowError:
        return value.to_physical().item()


def _null_hint(name: str) -> str:
    if name == "side":
        return "fill_null(0) where the side is not known; repair=Repair(drop_invalid=True) drops such rows"
    if name.endswith("_price") or name.endswith("_amount"):
        return "an empty side of the book has amount 0: fill_null(0); repair=Repair(drop_invalid=True) drops such rows"
    return "fill or filter them; repair=Repair(drop_invalid=True) drops such rows and counts them"


def _inexact(name: str, dtype: pl.DataType) -> Rule:
    if name in TIME_NAMES:
        local = dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None)
        problem = "a local time that a clock change skipped or repeated" if local else "outside the range of time"
        allowed = "times that exist once in time_zone" if local else "1677 to 2262, in int64 nanoseconds"
        hint = "convert them to UTC where you know which is meant" if local else "is time_unit right?"
        return Rule("time", name, pl.lit(True), problem, allowed, hint)
    if name == "side":
        return Rule("side", name, pl.lit(True), "no side", "buy and sell, or +1, -1 and 0", "map the names first")
    problem = "not exact as a 64-bit float"
    return Rule(
        "not_exact", name, pl.lit(True), problem, "integers up to 2^53, decimals of 15 digits", "scale them first"
    )


def _unknown(name: str, declared: Mapping[str, int]) -> Rule:
    guess = nearest(name.lower(), declared)
    hint = f"did you mean {guess!r}? " if guess else ""
    return Rule(
        "unknown_instrument",
        "instrument",
        pl.lit(True),
        f"the undeclared {name!r}",
        ", ".join(sorted(declared)) or "no instrument is declared",
        f"{hint}declare the instrument, or filter its rows out",
    )


assert set(SCHEMAS) == {"trades", "quotes", "candles"}, "every kind has rules"
