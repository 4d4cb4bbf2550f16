"""Hypothesis strategies: market data, instruments, terms, orders, and whole backtests.

They draw few prices and times on purpose, so that everything collides: several events at one time, orders at the very
price of the market, balances that do not suffice. Everything is valid: :func:`barter_bt.data.check` finds no error in
the data. Importing this module needs Hypothesis (``pip install hypothesis``), which this package does not install.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import polars as pl

from barter_bt.errors import ConfigError, EngineError, MissingPackageError, StrategyError
from barter_bt.instrument import Instrument
from barter_bt.strategy import Schedule
from barter_bt.testing.scenario.arguments import schedule_frame, stream_frame, to_instrument
from barter_bt.testing.scenario.case import Case
from barter_bt.testing.scenario.given import plan_of, spec_of
from barter_bt.testing.scenario.instruments import LATENCIES, PAIRS, RATES, make_instrument
from barter_bt.testing.scenario.make import make, make_balances
from barter_bt.testing.scenario.market import Shape, make_rows
from barter_bt.testing.scenario.orders import make_schedule
from barter_bt.testing.scenario.source import Drawn
from barter_bt.testing.scenario.spec import Contract, Kind, Scenario, StreamSpec
from barter_bt.venue import Fees, Latency, Margin, Venue

try:
    from hypothesis import reject
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise MissingPackageError("barter_bt.testing.strategies needs Hypothesis", "pip install hypothesis") from error

__all__ = [
    "accepted",
    "balances",
    "candles",
    "cases",
    "fees",
    "instruments",
    "latencies",
    "quotes",
    "scenarios",
    "schedules",
    "trades",
    "venues",
]

T = TypeVar("T")
Instruments = Instrument | Sequence[Instrument]
TWO = (
    Instrument("x", "a_usd", price_increment="0.01", quantity_increment="0.001"),
    Instrument("x", "b_usd", price_increment="0.01", quantity_increment="0.001"),
)


def _builds(maker: Callable[[Drawn], T]) -> st.SearchStrategy[T]:
    """What a builder makes of choices."""

    @st.composite
    def made(draw: st.DrawFn) -> T:
        return maker(Drawn(draw))

    return made()


def _several(given: Instruments) -> list[Instrument]:
    return [given] if isinstance(given, Instrument) else list(given)


def instruments(
    kinds: Sequence[Contract] = ("spot", "perpetual", "inverse", "future"), exchange: str = "alpha"
) -> st.SearchStrategy[Instrument]:
    """Instruments of all kinds, with steps from 1e-12 to 1e8, declared or not, with minima, futures that expire.

    Parameters
    ----------
    kinds
        Which to draw; an inverse perpetual is ``"inverse"``.
    exchange
        Whose they are.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(instruments(kinds=["spot"]))
    ... def test(one):
    ...     assert one.settlement is None
    >>> test()
    """
    pairs = [pair for pair in PAIRS if pair[3] in kinds]
    if not pairs:
        raise ConfigError(f"kinds is {kinds!r}; allowed: spot, perpetual, inverse, future")

    def make_one(source: Drawn) -> Instrument:
        pair = source.pick(pairs)
        return to_instrument(make_instrument(source, pair, (exchange,), fine=pair[3] == "inverse"))

    return _builds(make_one)


def _frames(kind: Kind, given: Instruments, max_rows: int, prices: tuple[int, int]) -> st.SearchStrategy[pl.DataFrame]:
    if not 2 <= prices[0] < prices[1]:
        raise ConfigError(f"prices is {prices!r}; it must be the lowest and the highest, in ticks, from 2 on")
    if max_rows < 1:
        raise ConfigError(f"max_rows is {max_rows}; it must be at least 1")
    specs, shape = [spec_of(one) for one in _several(given)], Shape(max_rows, max_rows, prices)
    return _builds(lambda source: stream_frame(StreamSpec(kind, make_rows(source, kind, specs, shape=shape))))


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


def fees() -> st.SearchStrategy[Fees]:
    """Fees: none, usual ones, a tenth, rebates, per contract.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(fees())
    ... def test(terms):
    ...     assert -0.001 <= terms.maker <= 0.1
    >>> test()
    """
    rates = st.sampled_from([float(rate) for rate in dict.fromkeys(RATES)])
    return st.builds(Fees, rates, rates, st.sampled_from([0.0, 0.0, 0.01, 2.5]))


def latencies() -> st.SearchStrategy[Latency]:
    """Latencies: none, a nanosecond, and as long as the data's steps.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(latencies())
    ... def test(delays):
    ...     assert 0 <= delays.feed_ns <= 2_000_000_000
    >>> test()
    """
    delays = st.sampled_from(list(dict.fromkeys(LATENCIES)))
    return st.builds(Latency, delays, delays, delays)


def venues(evidence: Sequence[Kind] = ()) -> st.SearchStrategy[Venue]:
    """Terms of an exchange.

    Parameters
    ----------
    evidence
        Kinds of data that every instrument has, of which orders may then be filled on one that is chosen.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(venues())
    ... def test(venue):
    ...     assert venue.taker_fills_on == "auto"
    >>> test()
    """
    chosen = st.sampled_from(["auto", *evidence])
    return st.builds(
        Venue,
        fees=fees(),
        latency=latencies(),
        margin=st.builds(Margin, st.sampled_from([1.0, 0.5, 0.1, 0.03])),
        account=st.sampled_from(["cash", "margin"]),
        taker_fills_on=chosen,
        maker_fills_on=chosen,
        limit_fill=st.sampled_from(["through", "touch"]),
        max_age_ns=st.sampled_from([0, LATENCIES[-1]]),
    )


def balances(instruments: Instruments = TWO) -> st.SearchStrategy[dict[str, str]]:
    """Starting balances of one exchange, from nothing to plenty, in the size of drawn orders.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(balances())
    ... def test(amounts):
    ...     assert set(amounts) == {"a", "b", "usd"}
    >>> test()
    """
    specs = tuple(spec_of(one) for one in _several(instruments))
    return _builds(lambda source: {asset: amount for _, asset, amount in make_balances(source, specs)})


def schedules(
    frames: pl.DataFrame | Sequence[pl.DataFrame], instruments: Instruments = TWO, *, reporting: str | None = None
) -> st.SearchStrategy[Schedule]:
    """Orders, cancels and targets while there is data, limit prices near its prices.

    Parameters
    ----------
    frames
        Market data, as the strategies of this module draw it.
    instruments
        What is traded.
    reporting
        Asset of the equity, by default the first instrument's quote; targets in fractions of it need it.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given, settings
    >>> from hypothesis import strategies as st
    >>> @settings(max_examples=20, deadline=None)
    ... @given(st.data())
    ... def test(data):
    ...     frame = data.draw(candles())
    ...     plan = data.draw(schedules(frame))
    ...     result = bt.testing.run(bt.data.candles(frame), plan, TWO)
    ...     bt.testing.assert_all(result)
    >>> test()
    """
    plan = plan_of([frames] if isinstance(frames, pl.DataFrame) else frames, _several(instruments), reporting)

    def make_one(source: Drawn) -> Schedule:
        scenario = plan.sized(source.pick(("units", "notional", "equity")))
        rows = make_schedule(source, scenario, plan.step_ns, plan.spans)
        return Schedule(schedule_frame(rows), scenario.size, source.pick((True, False)), source.pick((False, True)))

    return _builds(make_one)


def scenarios() -> st.SearchStrategy[Scenario]:
    """Whole backtests as plain data: what :func:`cases` runs.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(scenarios())
    ... def test(scenario):
    ...     assert 1 <= len(scenario.instruments) <= 4
    >>> test()
    """
    return _builds(make)


def cases(strategy: Any = None) -> st.SearchStrategy[Case]:
    """Whole backtests: one to four instruments on one or two exchanges, all kinds of data, terms, orders, settings.

    Parameters
    ----------
    strategy
        A function without arguments that makes a strategy, in place of drawn orders.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(cases())
    ... def test(case):
    ...     with accepted():
    ...         result = case.backtest()
    ...     bt.testing.assert_all(result)
    >>> test()
    """
    return scenarios().map(lambda scenario: Case(scenario, None if strategy is None else strategy()))


@contextmanager
def accepted() -> Iterator[None]:
    """A drawn case that the engine refuses, or whose amounts leave the range of its units, is no example.

    Examples
    --------
    >>> from barter_bt.errors import ConfigError
    >>> from hypothesis import given
    >>> from hypothesis import strategies as st
    >>> @given(st.integers(0, 9))
    ... def test(number):
    ...     with accepted():
    ...         if number > 4:
    ...             raise ConfigError("too large")
    ...     assert number <= 4
    >>> test()
    """
    try:
        yield
    except (ConfigError, StrategyError):
        reject()
    except EngineError as error:
        if "left the range" not in str(error):
            raise
        reject()
