"""The rules, applied to a stream piece by piece, and what they find, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from barter_bt.book.by_order import ACTIONS
from barter_bt.data.history import NEVER, Closed, History
from barter_bt.data.piece import Piece
from barter_bt.data.report import Finding, Report
from barter_bt.data.rows import Rows
from barter_bt.data.rules import Rule, crossed_rule, row_rules
from barter_bt.data.schema import TIME_NAMES
from barter_bt.data.sequence import CODE, sequence_rules
from barter_bt.errors import nearest

_ROWS_SHOWN = 5
_NEWEST_FIRST = 0.9  # of the rows: fewer that go back are out of order, and no use to be turned round


@dataclass
class _Hit:
    """What one rule found in one source so far."""

    rule: Rule
    source: str
    column: str
    count: int = 0
    rows: list[int] = field(default_factory=list)
    first: str = ""


class Scan:
    """The rules, applied piece by piece.

    Parameters
    ----------
    stream
        Whose pieces they are.
    codes
        The declared instruments; without it any name is allowed.
    """

    def __init__(self, stream: Rows, codes: Mapping[str, int] | None) -> None:
        self._stream = stream
        self._declared = codes
        self._ids: dict[str, int] = {}
        self._hits: dict[tuple[str, str, str], _Hit] = {}
        self._rows: dict[str, int] = {}  # of each source so far
        self._latency_min_ns = 0
        self.history = History(stream.kind)

    @property
    def has_errors(self) -> bool:
        """Whether anything was found that a run refuses."""
        return any(not hit.rule.warning for hit in self._hits.values())

    def add(self, piece: Piece) -> None:
        """Check one piece, the names of its instruments and its nulls too."""
        self._nulls(piece)
        code = self._instruments(piece)
        closed = None
        if self.history.has_closes:
            close = piece.canonical["time_exchange"].to_physical().fill_null(NEVER).to_numpy()
            closed = self.history.closed_before(code, close)
        self.judge(piece, code, closed)
        self.history.keep(piece.canonical, code)

    def judge(self, piece: Piece, code: np.ndarray, closed: Closed | None) -> None:
        """Apply the rules to the rows of a piece, given their instruments and (candles) the closes before."""
        self._rows[piece.source] = max(self._rows.get(piece.source, 0), piece.first_row + piece.canonical.height)
        frame = piece.canonical.drop("instrument", strict=False)
        kind, names = self._stream.kind, frame.columns
        frame = frame.with_columns(pl.Series(CODE, code, pl.Int32))
        signed = pl.lit(piece.canonical.select(self._stream.signed).to_series()) if self._stream.negative else None
        self._apply(row_rules(kind, names, signed) + ([crossed_rule()] if kind == "quotes" else []), frame, 0, piece)
        joined, start = self.history.joined(frame, closed)
        self._apply(sequence_rules(kind, names), joined, start, piece)
        if "time_received" in names:
            late = (frame["time_received"].to_physical() - frame["time_exchange"].to_physical()).min()
            self._latency_min_ns = min(self._latency_min_ns, late if isinstance(late, int) else 0)

    def _nulls(self, piece: Piece) -> None:
        for name, source in piece.canon.columns.items():
            if not piece.canonical[name].null_count():
                continue
            absent = piece.raw[source].is_null()
            null = Rule("null", name, pl.lit(True), "null", "values in every row", _null_hint(name))
            self._hit(null, absent, piece)
            self._hit(_inexact(name, piece.raw.schema[source]), piece.canonical[name].is_null() & ~absent, piece)
        for name in {"time_open", "time_exchange"} & set(piece.canonical.columns) - set(piece.canon.columns):
            known = piece.canonical["time_exchange" if name == "time_open" else "time_open"].is_not_null()
            self._hit(_inexact(name, pl.Date()), piece.canonical[name].is_null() & known, piece)

    def _instruments(self, piece: Piece) -> np.ndarray:
        """Number the names in the instrument column, nulls with 0; says which are not declared."""
        height, single = piece.canonical.height, self._stream.instrument
        if single is not None:
            if self._declared is not None and single not in self._declared:
                self._hit(_unknown(single, self._declared), pl.repeat(True, height, eager=True), piece)
            return np.zeros(height, np.int32)
        column = piece.canonical["instrument"]
        there = sorted(column.unique().drop_nulls().cast(pl.String))
        for name in there:
            self._ids.setdefault(name, len(self._ids) + 1)
            if self._declared is not None and name not in self._declared:
                self._hit(_unknown(name, self._declared), column.cast(pl.String) == name, piece)
        if len(there) == 1 and not column.null_count():  # text is not compared row by row
            return np.full(height, self._ids[there[0]], np.int32)
        text = column.cast(pl.String)
        codes = text.replace_strict(list(self._ids), list(self._ids.values()), default=0, return_dtype=pl.Int32)
        return codes.to_numpy()

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
        if rule.code == "time_back" and hit.count > _NEWEST_FIRST * (self._rows[hit.source] - 1):
            hint = "the newest row comes first: repair=Repair(sort=True), or give frame.reverse()"
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
    if name == "snapshot":
        return Rule("snapshot", name, pl.lit(True), "neither true nor false", "true and false, or 1 and 0")
    if name == "action":
        return Rule("action", name, pl.lit(True), "no action", ", ".join(ACTIONS), "map the names first")
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
