"""Rates at which one asset counts as another, beside those that the market of the run shows (rule 74)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from barter_bt.data.bare import typed
from barter_bt.data.schema import TIME
from barter_bt.data.source import open_source
from barter_bt.errors import BarterBtError, ConfigError, DataError, refuse_unknown
from barter_bt.instrument.number import decimal

ALWAYS = -(2**63) + 1  # since when a rate holds that has no time
_MOST = 1e15  # rates are from its inverse to it
_EXAMPLE = 'rates={"eur/usd": 1.08}'


class Pair(NamedTuple):
    """So many of the quote are one of the base, from each of some times on."""

    base: str
    quote: str
    times: tuple[int, ...]
    rates: tuple[Fraction, ...]


def read_rates(given: object) -> tuple[Pair, ...]:
    """Read rates by pair: numbers, or frames or files with ``time`` and ``rate``.

    Raises
    ------
    BarterBtError
        A pair is none or comes twice, a rate is not positive, a column is missing, times go back.

    Examples
    --------
    >>> read_rates({"eur/usd": "1.08"})
    (Pair(base='eur', quote='usd', times=(-9223372036854775807,), rates=(Fraction(27, 25),)),)
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ConfigError(f"rates is {given!r:.60}; it must say of which pair", _EXAMPLE)
    pairs: list[Pair] = []
    for name, rate in given.items():
        base, slash, quote = name.partition("/") if isinstance(name, str) else ("", "", "")
        if not (base and slash and quote) or base == quote or "/" in quote:
            raise ConfigError(f"rates has {name!r}, which is no pair of two assets", _EXAMPLE)
        if any({base, quote} == {one.base, one.quote} for one in pairs):
            raise ConfigError(f"rates has the pair of {base!r} and {quote!r} twice", "one converts both ways")
        pairs.append(Pair(base, quote, *_rates(f"rate of {name}", rate)))
    return tuple(pairs)


def idle_rates(pairs: Sequence[Pair], assets: Collection[str]) -> list[str]:
    """What to say of pairs that lead to no asset of a run, on the way to another or at its end.

    Examples
    --------
    >>> idle_rates(read_rates({"eur/usd": "1.08", "gbp/jpy": "190"}), {"eur", "usd"})
    ["rates has 'gbp/jpy', which converts nothing: no asset of the run is reached by it"]
    """
    used = list(pairs)
    while True:
        sides = Counter(name for one in used for name in (one.base, one.quote))
        left = [one for one in used if all(name in assets or sides[name] > 1 for name in (one.base, one.quote))]
        if len(left) == len(used):
            break
        used = left
    return [
        f"rates has {one.base + '/' + one.quote!r}, which converts nothing: no asset of the run is reached by it"
        for one in pairs
        if one not in used
    ]


def _rates(what: str, given: Any) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
    """Times and rates of one pair."""
    if isinstance(given, int | float | Decimal) or (
        isinstance(given, str) and not given.endswith((".csv", ".parquet"))
    ):
        try:
            rate = Fraction(decimal(given, what))
        except BarterBtError as error:
            raise ConfigError(error.message, error.hint or _EXAMPLE) from error
        if not 1 / Fraction(_MOST) <= rate <= Fraction(_MOST):
            raise ConfigError(f"{what} is {given}; allowed: {1 / _MOST:g} to {_MOST:g}", _EXAMPLE)
        return (ALWAYS,), (rate,)
    opened = typed(open_source(given), {"time": TIME, "rate": pl.Float64()})
    for column in ("time", "rate"):
        if column not in opened.schema:
            there = ", ".join(opened.schema)
            raise DataError(f"{opened.label}: {what} has no column {column!r}; it has {there}", "it needs time, rate")
    refuse_unknown(opened.schema, ("time", "rate"), f"{opened.label}: {what}", DataError, "leave it out")
    kind = opened.schema["time"]
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise DataError(f"{opened.label}: column 'time' is {kind}; it must be a Datetime with a time zone")
    if not opened.schema["rate"].is_numeric():
        raise DataError(f"{opened.label}: column 'rate' is {opened.schema['rate']}; it must be a number")
    time, value = pl.col("time").dt.cast_time_unit("ns"), pl.col("rate").cast(pl.Float64)
    frame = opened.lazy().select(time, value).collect()
    for told, wrong in (
        ("has a null", pl.any_horizontal(pl.all().is_null())),
        (f"is not from {1 / _MOST:g} to {_MOST:g}", ~pl.col("rate").is_between(1 / _MOST, _MOST)),
        ("is not later than the one before", pl.col("time") <= pl.col("time").shift()),
    ):
        rows = frame.with_row_index("row").filter(wrong)
        if rows.height:
            row, when, rate_then = rows.row(0)
            raise DataError(f"{opened.label}: row {row} of the {what} ({when}, {rate_then}) {told}", "mend or drop it")
    if frame.is_empty():
        raise DataError(f"{opened.label}: {what} has no row", "a time and a rate")
    rates = tuple(Fraction(Decimal(repr(each))) for each in frame["rate"].to_list())
    return tuple(frame["time"].to_physical().to_list()), rates
