"""What makes a row bad after the rows before it: order of time, overlap, repetition, latency."""

from __future__ import annotations

import polars as pl

from barter_bt.data.rules import Rule

CODE = "_code"


def sequence_rules(kind: str, names: list[str], single: bool) -> list[Rule]:
    """Rules on a row and those before it, for frames with an int32 column ``_code`` for the instrument.

    Parameters
    ----------
    kind
        Kind of the stream.
    names
        Its canonical columns without ``instrument``.
    single
        Whether there is one instrument, so that its previous row is the row before.
    """
    rules = [_time_back(name) for name in ("time_exchange", "time_received") if name in names]
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
    return rules + (_candle_rules(single) if kind == "candles" else [_repeated([*names, CODE])])


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


def _repeated(names: list[str]) -> Rule:
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in names)
    hint = "two equal trades at one time are real; repair=Repair(drop_duplicates=True) drops them all the same"
    return Rule("duplicate", "time_exchange", same, "equal to the row above in every column", "any", hint, warning=True)


def _candle_rules(single: bool) -> list[Rule]:
    before = pl.col("time_exchange").shift(1)
    before = before if single else before.over(CODE)
    twice = pl.col("time_exchange") == before
    return [
        Rule(
            "duplicate",
            "time_exchange",
            twice,
            "equal to that of the candle before of the same instrument",
            "one candle of an instrument at a time",
            "repair=Repair(drop_duplicates=True) drops candles that are equal in every column",
        ),
        Rule(
            "overlap",
            "time_open",
            ~twice & (pl.col("time_open") < before) & (pl.col("time_exchange") > before),
            "before the close of the candle before of the same instrument",
            "candles of one instrument that do not overlap",
            "mixed intervals? give each interval a stream of its own",
        ),
    ]
