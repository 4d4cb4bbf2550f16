"""Prices for pictures: what a line needs, from one pass in which only a chunk is held at a time."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.backtest import prices
from barter_bt.backtest.prices import MarketPrices
from barter_bt.report.series import excursions, market_between
from tests.statistic.fakes import POSITIONS, FakeRun, table

NAMES = ("a_usd", "b_usd", "c_usd")
busy = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a machine that is busy
ROWS = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 1]), st.integers(1, 9)), max_size=150)


class Chunks:
    """A stream of chunks, which counts how many of them are held."""

    kind = "trades"

    def __init__(self, rows, cuts=(), kind="trades", **columns):
        rows = sorted(rows, key=lambda row: row[0])
        self.kind, self._bounds = kind, sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
        time, code, price = zip(*rows, strict=True) if rows else ((), (), ())
        price = np.array(price, float)
        named = {"price": price, "close": price, "bid_price": price, "ask_price": price + 2}
        amounts = {"bid_amount": np.ones(len(rows)), "ask_amount": np.ones(len(rows))}
        self._columns = {"time_exchange": np.array(time, np.int64), "instrument": np.array(code, np.int32)}
        self._columns |= named | amounts | columns
        self.instruments = tuple(NAMES[k] for k in sorted(set(code)))
        self.held = self.most = 0

    def _drop(self):
        self.held -= 1

    def chunks(self, codes):
        assert codes == {name: k for k, name in enumerate(NAMES)}
        for start, end in zip(self._bounds[:-1], self._bounds[1:], strict=True):
            columns = {name: values[start:end].copy() for name, values in self._columns.items()}
            self.held += 1
            self.most = max(self.most, self.held)
            weakref.finalize(columns["time_exchange"], self._drop)
            yield SimpleNamespace(rows=end - start, columns=columns)
            del columns


def of(*streams):
    return MarketPrices(streams, {name: k for k, name in enumerate(NAMES)}, NAMES)


def naive(rows, span, few, parts):
    """First, lowest, highest and last of each part of the time of each instrument, in the slowest way."""
    found = []
    length = (span[1] - span[0]) // parts + 1
    for code, name in enumerate(NAMES):
        mine = [(time, price) for time, which, price in rows if which == code and span[0] <= time <= span[1]]
        kept = set(range(len(mine)))
        if len(mine) > few:
            kept = set()
            for part in {(time - span[0]) // length for time, _ in mine}:
                inside = [k for k, (time, _) in enumerate(mine) if (time - span[0]) // length == part]
                kept |= {inside[0], inside[-1], min(inside, key=lambda k: mine[k][1])}
                kept |= {max(inside, key=lambda k: (mine[k][1], -k))}
        found += [(mine[k][0], name, float(mine[k][1]), len(mine) > few) for k in sorted(kept)]
    return found


def plain(frame):
    return list(frame.with_columns(pl.col("time").to_physical()).iter_rows())


@pytest.fixture(scope="module", autouse=True)
def _small():
    """Few parts, so that small examples are thinned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prices, "PARTS", 3)
        patch.setattr(prices, "_FEW", 12)
        yield


@busy
@given(ROWS, ROWS, st.lists(st.integers(0, 150), max_size=8), st.integers(0, 100), st.integers(100, 300))
def test_however_it_is_cut_each_part_keeps_first_lowest_highest_and_last(one, two, cuts, start, end):
    market = of(Chunks(one, cuts), Chunks(two, cuts[:2]))
    both = sorted(sorted(one, key=lambda row: row[0]) + sorted(two, key=lambda row: row[0]), key=lambda row: row[0])
    assert plain(market.to_draw(NAMES, (start, end))) == naive(both, (start, end), 12, 3)


@settings(busy, max_examples=30)
@given(ROWS, st.lists(st.integers(0, 150), max_size=8))
def test_all_prices_are_in_the_order_of_time(rows, cuts):
    expected = [(time, NAMES[code], float(price)) for time, code, price in sorted(rows, key=lambda row: row[0])]
    assert plain(of(Chunks(rows, cuts)).frame()) == expected


def test_one_chunk_is_held_at_a_time():
    """So memory does not grow with the data: 50 chunks were all held before."""
    rows = [(time, time % 2, 1 + time % 7) for time in range(5000)]
    stream = Chunks(rows, range(0, 5000, 100))
    gc.disable()
    try:
        found = of(stream).to_draw(["a_usd"], (0, 4999))
    finally:
        gc.enable()
    assert (found.height, stream.held) == (11, 0)
    assert stream.most <= 2


def test_nothing_is_read_after_the_end_of_the_run():
    stream = Chunks([(time, 0, 1) for time in range(1000)], range(0, 1000, 10))
    read = []
    chunks = stream.chunks
    stream.chunks = lambda codes: (read.append(1) or chunk for chunk in chunks(codes))
    of(stream).to_draw(NAMES, (0, 50))
    assert len(read) == 6


def test_an_instrument_has_one_kind_of_price():
    candles = Chunks([(10, 0, 5)], kind="candles")
    trades = Chunks([(5, 0, 1), (6, 1, 2)], kind="trades")
    quotes = Chunks([(7, 1, 3), (8, 2, 4)], kind="quotes")
    found = of(quotes, trades, candles).frame()
    assert plain(found) == [(6, "b_usd", 2.0), (8, "c_usd", 5.0), (10, "a_usd", 5.0)]


def test_a_quote_with_an_empty_side_is_no_price():
    quotes = Chunks([(1, 0, 3), (2, 0, 4), (3, 0, 5)], kind="quotes", bid_amount=np.array([1.0, 0.0, 1.0]))
    assert of(quotes).frame()["price"].to_list() == [4.0, 6.0]
    quotes = Chunks([(1, 0, 3), (2, 0, 4)], kind="quotes", ask_price=np.array([np.nan, 6.0]))
    assert of(quotes).to_draw(NAMES, (0, 5))["price"].to_list() == [5.0]


@settings(busy, max_examples=30)
@given(ROWS, st.lists(st.integers(0, 150), max_size=8), st.tuples(*[st.integers(0, 300)] * 2).map(sorted))
def test_excursions_piece_by_piece_are_those_of_all_prices(rows, cuts, held):
    closed = table(
        POSITIONS | {"price_entry_average": pl.Float64}, exchange="xsim", instrument="btc_usd", side=["buy", "sell"],
        price_entry_average=5.0, pnl_realised=1.0, time_enter=held[0], time_exit=held[1],
    ).with_columns(instrument=pl.lit("a_usd"))  # fmt: skip
    run, market = FakeRun(positions=closed), of(Chunks(rows, cuts))
    whole = excursions(run, market.frame())
    run.price_pieces = market.by_instrument
    pieces = excursions(run)
    np.testing.assert_array_equal(pieces.adverse, whole.adverse)
    np.testing.assert_array_equal(pieces.favourable, whole.favourable)
    line = market_between(run, "a_usd", (held[0], held[1]))
    inside = [float(p) for t, c, p in sorted(rows, key=lambda r: r[0]) if c == 0 and held[0] <= t <= held[1]]
    assert ([] if line is None else line.values.tolist()) == inside


def test_an_interrupted_run_keeps_the_prices_until_its_end():
    candles = bt.data.generate.candles(400, instrument="btc_usd")
    btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    end = candles["time_exchange"][199]
    run = bt.backtest(
        bt.data.candles(candles), btc, bt.strategy.builtin.SmaCross(5, 20), balances={"usd": 1_000}, end=end,
        interpret=True,
    )  # fmt: skip
    assert run.prices_to_draw()["time"].max() == end
    assert run.prices().height == 400
