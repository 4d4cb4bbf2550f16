"""A user's own columns of the market data, as strategies ask for them (rule 21)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from barter_bt.data import Stream
from barter_bt.data.own import own_number
from barter_bt.data.schema import SCHEMAS
from barter_bt.errors import DataError, StrategyError, nearest


def own_columns(streams: Sequence[Stream]) -> list[str]:
    """Names of all columns that are none of the market's, in order of the streams; equal names are one column."""
    return list(dict.fromkeys(name for stream in streams for name in stream.extra))


def column_numbers(streams: Sequence[Stream], asked: object, told: Sequence[str] = ()) -> dict[str, int]:
    """The number of each column that a strategy asked for.

    Parameters
    ----------
    streams
        The data.
    asked
        Names of columns.
    told
        Names of columns that events will bring, where there are no streams.

    Raises
    ------
    StrategyError
        They are no tuple of names, or not in the data.
    DataError
        A column does not hold numbers.
    """
    if not isinstance(asked, tuple | list) or not all(isinstance(name, str) for name in asked):
        raise StrategyError(
            f"data_columns is {asked!r:.60}; it must be a tuple of names of columns",
            f"write ({asked!r},)" if isinstance(asked, str) else '("sentiment",)',
        )
    known = own_columns(streams) or list(told)
    for name in asked:
        if name not in known:
            raise _unknown(name, known)
        for stream in streams:
            expect_numbers(stream, name)
    return {name: known.index(name) for name in asked}


def expect_numbers(stream: Stream, name: str) -> None:
    """Raise a DataError if a column of a stream holds anything but numbers and truths."""
    for source, canon in stream.given:
        if name in source.schema and name not in canon.needed:
            what = f"{source.label}: column {name!r}, which the strategy reads,"
            try:
                own_number(pl.col(name), source.schema[name], what)
            except DataError as error:
                hint = "a strategy reads numbers: number its values, for example with .cast(pl.Enum(...)).to_physical()"
                raise DataError(error.message, error.hint or hint) from None


def _unknown(name: str, known: Sequence[str]) -> StrategyError:
    there = f"the data has {', '.join(known)}" if known else "the data has no columns beside those of the market"
    if name in {each for schema in SCHEMAS.values() for each in schema.names}:
        hint = f"{name!r} is a column of the market, which the state shows anyway: data_columns are those beside them"
    else:
        like = nearest(name, known)
        hint = f"did you mean {like!r}?" if like else "give the frame of a stream such a column"
    return StrategyError(f"the strategy asks for a column {name!r} of the data; {there}", hint)
