"""What makes a row bad after the rows before it: order of time, overlap, repetition, latency."""

from __future__ import annotations

import polars as pl

from barter_bt.data.rules import Rule

CODE = "_code"
CLOSED = "_closed"  # when the candle before of the same instrument closed; null for the first
_YEAR_NS = 365 * 86_400_000_000_000


def sequence_rules(kind: str, names: list[str]) -> list[Rule]:
    """Rules on a row and those before it.

    Parameters
    ----------
    kind
        Kind of the stream.
    names
        Its canonical columns without ``instrument``. The frame also has an int32 column ``_code`` for the
        instrument, and for candles ``_closed``.
    """
    rules = [_time_back(name) for name in ("time_exchange", "time_received") if name in names]
    rules.append(_mixed_units())
    if "time_received" in names:
        rules.append(
            Rule(
                "latency",
                "time_received",
                pl.col("time_received") < pl.col("time_exchange"),
                "before time_exchange: the receiver's clock was behind",
                "time_received at or after time_exchange",
            )
        )
    return rules + (_candle_rules() if kind == "candles" else [_repeated([*names, CODE])])


def _time_back(name: str) -> Rule:
    hint = "repair=Repair(sort=True) sorts by time of arrival and counts what moved; files belong in order of time"
    return Rule(
        "time_back",
        name,
        pl.col(name) < pl.col(name).shift(1),
        "before the row above",
        "times that do not go back",
        hint,
    )


def _mixed_units() -> Rule:
    """A leap from 1970 to the present by a factor of a thousand or a million is a change of unit, no gap."""
    now = pl.col("time_exchange").to_physical()
    before = now.shift(1)
    leap = now / before
    factor = leap.is_between(500, 2_000) | leap.is_between(500_000, 2_000_000)
    return Rule(
        "time_unit",
        "time_exchange",
        before.is_between(1, _YEAR_NS) & (now > 10 * _YEAR_NS) & factor,
        "a thousand or a million times that of the row above: the rows before it count another unit of time",
        "one unit of time in all rows",
        "convert the rows of the other unit first, for example with "
        "pl.when(pl.col('time') < 10**14).then(pl.col('time') * 1000).otherwise('time') from ms to us",
    )


def _repeated(names: list[str]) -> Rule:
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in names)
    hint = "two equal trades at one time are real; repair=Repair(drop_duplicates=True) drops them all the same"
    return Rule("duplicate", "time_exchange", same, "equal to the row above in every column", "any", hint, warning=True)


def _candle_rules() -> list[Rule]:
    closed = pl.col(CLOSED)
    return [
        Rule(
            "duplicate",
            "time_exchange",
            pl.col("time_exchange") == closed,
            "equal to that of the candle before of the same instrument",
            "one candle of an instrument at a time",
            "repair=Repair(drop_duplicates=True) drops candles that are equal in every column",
        ),
        Rule(
            "overlap",
            "time_open",
            (pl.col("time_open") < closed) & (pl.col("time_exchange") > closed),
            "before the close of the candle before of the same instrument",
            "candles of one instrument that do not overlap",
            "mixed intervals? give each interval a stream of its own; days of a zone with clock changes are not all "
            'of 24 hours: interval="1d" with a time_zone makes them',
        ),
    ]
