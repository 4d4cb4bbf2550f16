"""Frames of trades, quotes and candles."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from barter_bt.data.generate import Market, market
from barter_bt.errors import ConfigError
from barter_bt.testing.scenario.arguments import stream_frame
from barter_bt.testing.scenario.given import spec_of
from barter_bt.testing.scenario.market import Shape, make_rows
from barter_bt.testing.scenario.spec import Kind, StreamSpec
from barter_bt.testing.strategies.common import TWO, Instruments, builds, several


def trades(
    instruments: Instruments = TWO, *, max_rows: int = 18, prices: tuple[int, int] = (96, 104)
) -> st.SearchStrategy[pl.DataFrame]:
    """Frames of trades for :func:`barter_bt.data.trades`, several often at one time.

    Parameters
    ----------
    instruments
        Whose trades, each at least once.
    max_rows
        Most rows in all, beside one of each instrument.
    prices
        Lowest and highest price, in ticks of the instrument.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given
    >>> @given(trades())
    ... def test(frame):
    ...     assert not bt.data.check(bt.data.trades(frame)).errors
    >>> test()
    """
    return _frames("trades", instruments, max_rows, prices)


def quotes(
    instruments: Instruments = TWO, *, max_rows: int = 18, prices: tuple[int, int] = (96, 104)
) -> st.SearchStrategy[pl.DataFrame]:
    """Frames of quotes for :func:`barter_bt.data.quotes`: now and then locked, with an empty side, or less than a lot.

    Parameters are those of :func:`trades`.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(quotes(max_rows=3))
    ... def test(frame):
    ...     assert frame.height <= 4
    >>> test()
    """
    return _frames("quotes", instruments, max_rows, prices)


def markets(max_events: int = 200) -> st.SearchStrategy[Market]:
    """Generated markets, whose orders, books, quotes and trades agree, and whose true book is known.

    Parameters
    ----------
    max_events
        Most events of a market.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=3)
    ... @given(markets(50))
    ... def test(market):
    ...     assert market.levels_at().height == sum(market.states[["bid_levels", "ask_levels"]].row(-1))
    >>> test()
    """
    return st.builds(
        market,
        st.integers(1, max_events),
        seed=st.integers(0, 10_000),
        snapshot_every=st.none() | st.integers(1, max_events),
    )


def candles(
    instruments: Instruments = TWO, *, max_rows: int = 12, prices: tuple[int, int] = (96, 104)
) -> st.SearchStrategy[pl.DataFrame]:
    """Frames of candles for :func:`barter_bt.data.candles`, with gaps, of one interval or one for each instrument.

    Parameters are those of :func:`trades`, but for ``max_rows``: the most of each instrument.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(candles(TWO[0], prices=(50, 200)))
    ... def test(frame):
    ...     assert frame["low"].min() >= 0.5 and frame["high"].max() <= 2
    >>> test()
    """
    return _frames("candles", instruments, max_rows, prices)


def _frames(kind: Kind, given: Instruments, max_rows: int, prices: tuple[int, int]) -> st.SearchStrategy[pl.DataFrame]:
    if not 2 <= prices[0] < prices[1]:
        raise ConfigError(f"prices is {prices!r}; it must be the lowest and the highest, in ticks, from 2 on")
    if max_rows < 1:
        raise ConfigError(f"max_rows is {max_rows}; it must be at least 1")
    specs, shape = [spec_of(one) for one in several(given)], Shape(max_rows, max_rows, prices)
    return builds(lambda source: stream_frame(StreamSpec(kind, make_rows(source, kind, specs, shape=shape))))
