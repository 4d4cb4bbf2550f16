"""Splits and reverse splits of shares, by time."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl

from barter_bt.data.flows import CashFlows, read_dated
from barter_bt.errors import DataError

_FURTHEST = 10_000  # new units for an old one, or the other way round
_LARGEST = 10**6  # of numerator and denominator, so that quantities times one of them can be counted


def splits(source: object) -> CashFlows:
    """Splits of shares (rule 45): what is held becomes more or less, prices become lower or higher, its worth stays.

    Prices must not be adjusted for them: such prices do not jump where the quantity does, and a run says so; where the
    stream says that it is ``adjusted``, it refuses the split (rule 108).

    Parameters
    ----------
    source
        A frame or file with ``time`` (Datetime with a zone), ``instrument`` and ``ratio``, new units for old ones: text
        such as ``"3:2"``, or ``"1:10"`` for a reverse split, or a number, whose decimals count exactly.

    Raises
    ------
    DataError
        A column is missing, a cell null or no ratio, times go back, or one comes twice.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> first = datetime(2024, 6, 10, tzinfo=timezone.utc)
    >>> given = splits(pl.DataFrame({"time": [first], "instrument": ["nvda_usd"], "ratio": ["10:1"]}))
    >>> given, given.frame["ratio"].to_list()
    (CashFlows(1 split), ['10:1'])
    """
    label, frame = read_dated("split", source)
    kind = frame.schema["ratio"]
    if not (kind.is_numeric() or kind == pl.String):
        raise DataError(f"{label}: column 'ratio' is {kind}; it must be text such as '3:2', or a number")
    texts = []
    for row, (time, given) in enumerate(frame.select("time", "ratio").iter_rows()):
        ratio = _ratio(given)
        small = ratio is not None and max(ratio.numerator, ratio.denominator) <= _LARGEST
        if ratio is None or not small or ratio == 1 or not 1 <= _FURTHEST * ratio <= _FURTHEST**2:
            raise DataError(
                f"{label}: row {row} of the split ({time}) has ratio {given!r}",
                f"write '3:2' for three new ones of two; from 1:{_FURTHEST} to {_FURTHEST}:1, but not 1, in whole "
                "numbers of at most a million",
            )
        texts.append(f"{ratio.numerator}:{ratio.denominator}")
    return CashFlows("split", frame.with_columns(ratio=pl.Series(texts, dtype=pl.String)))


def _ratio(given: object) -> Fraction | None:
    """What was written, None if it is no ratio."""
    new, colon, old = str(given).partition(":")
    try:
        numerator, denominator = Fraction(Decimal(new.strip())), Fraction(Decimal(old.strip() if colon else "1"))
    except (ArithmeticError, ValueError):
        return None
    return numerator / denominator if numerator > 0 and denominator > 0 else None
