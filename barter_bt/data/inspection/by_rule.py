"""What the rules of a check say, row by row: they alone say what is bad (``rules.py``, ``sequence.py``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from barter_bt.data.inspection.rows import PLACE, found
from barter_bt.data.rules import Rule, crossed_rule, row_rules
from barter_bt.data.sequence import CLOSED, CODE, sequence_rules

if TYPE_CHECKING:
    from barter_bt.data.stream import Stream

_SECOND = 1e9


def rules_of(kind: str, names: list[str], signed: pl.Expr | None = None) -> list[Rule]:
    """The rules of a kind, for these canonical columns without ``instrument``."""
    rules = row_rules(kind, names, signed) + ([crossed_rule()] if kind == "quotes" else [])
    repeated = "candles" if kind == "candles" else ""  # of others, equal rows further up count as well
    return rules + [rule for rule in sequence_rules(kind, names) if rule.code != "duplicate" or repeated]


def by_rule(stream: Stream, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows that break each rule; nulls; rows that an earlier one equals."""
    names = [name for name in rows.columns if name not in (*PLACE, "instrument", CODE, CLOSED)]
    for name in (*names, "instrument"):
        if rows[name].null_count():
            yield found(rows, stream.kind, "null", name, pl.col(name).is_null(), None)
    rules = rules_of(stream.kind, names, stream.signed if stream.negative else None)
    masks = rows.lazy().select(rule.bad.alias(str(i)) for i, rule in enumerate(rules)).collect()
    for rule, mask in zip(rules, masks, strict=True):
        yield found(rows, stream.kind, rule.code, rule.column, mask, _value(rule))
    if stream.kind != "candles":
        again = ~pl.struct(*names, CODE).is_first_distinct()
        yield found(rows, stream.kind, "duplicate", "time_exchange", again, None)


def _value(rule: Rule) -> pl.Expr | None:
    """How bad a row is, in the unit of the check."""
    here = pl.col(rule.column)
    if rule.code == "time_back":
        return (here.shift(1) - here).to_physical() / _SECOND
    if rule.code == "latency":
        return (pl.col("time_exchange") - here).to_physical() / _SECOND
    if rule.code == "crossed":
        return here - pl.col("ask_price")
    return here if rule.code in ("not_positive", "negative", "high", "low") else None
