"""What a backtest is asked for, as it is understood before the first run."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.backtest.asked import MINUTE_NS, feed_latency, marks_every
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.by_exchange import venues_of
from tests.engine.tiny import quotes, trades

CANDLES = bt.data.candles(bt.data.generate.candles(5, instrument="a_usd"))
INDEX = IndexedInstruments([bt.Instrument("x", "a_usd"), bt.Instrument("y", "b_usd")])


def test_equity_is_marked_at_closes_where_there_are_candles() -> None:
    """Rule 24: also beside other data; by the minute where there are none."""
    other = quotes((1, 99, 9, 101, 9))
    assert [marks_every(None, streams) for streams in ([CANDLES], [other, CANDLES], [other])] == [0, 0, MINUTE_NS]
    assert marks_every("2s", [CANDLES]) == 2 * 10**9


def test_a_stream_has_one_feed_latency() -> None:
    both = bt.data.trades([trades((1, 100, 9)).frame(), trades((2, 50, 9), instrument="b_usd").frame()])
    fast, slow = bt.Venue(), bt.Venue(latency=bt.Latency(feed_ns=5))
    assert feed_latency(both, INDEX, {"x": slow, "y": slow}) == 5
    with pytest.raises(ConfigError, match="different feed latency"):
        feed_latency(both, INDEX, {"x": fast, "y": slow})


@pytest.mark.parametrize("what", ["fees_by_instrument", "margin_by_instrument"])
def test_terms_of_an_exchange_name_instruments_of_its_own(what: str) -> None:
    """Where they are for all exchanges, of any."""
    terms = {"fees_by_instrument": bt.Fees(), "margin_by_instrument": bt.Margin(1.0)}[what]
    venue = bt.Venue(**{what: {"b_usd": terms}})
    assert venues_of(venue, INDEX) == {"x": venue, "y": venue}
    assert venues_of({"y": venue}, INDEX)["y"] is venue
    with pytest.raises(InstrumentError, match=f"{what} names 'b_usd'"):
        venues_of({"x": venue}, INDEX)
