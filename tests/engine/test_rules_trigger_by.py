"""Rule 28, by order: which prices a trigger looks at; 10,000 usd, prices around 100."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import Watch, bars, candles, quotes, run, schedule, stamps, table, trades

MARGIN = {"venues": bt.Venue(account="margin")}


def triggered(data: Any, *rows: dict[str, Any], **options: Any) -> list[int | None]:
    """When each order was triggered, in seconds."""
    result = run(data, schedule(*rows), **MARGIN | options)
    return [time for (time,) in table(result.orders, "time_triggered")]


# At 3 s only a trade reaches 104, at 5 s only the ask, at 7 s only the mid, at 9 s all of them.
TRADES = trades((0, 100, 9), (3, 104, 9), (4, 100, 9), (9, 104, 9))
QUOTES = quotes((0, 99, 5, 101, 5), (5, 96, 5, 104, 5), (6, 99, 5, 101, 5), (7, 103, 5, 105, 5), (8, 99, 5, 101, 5))


@pytest.mark.parametrize("default", ["auto", "quotes"])
def test_rule_28_each_order_looks_at_its_own_prices(default):
    """A buy stop at 104 by the last price, the ask, the mid; without a choice as the exchange has it."""
    rows = [{"at": 1, "buy": 1, "stop": 104} | ({"by": by} if by else {}) for by in ("last", "quote", "mark", None)]
    venue = {"venues": bt.Venue(account="margin", triggers_on=default)}
    assert triggered([TRADES, QUOTES], *rows, **venue) == [3, 5, 7, 3 if default == "auto" else 5]


def test_rule_28_quotes_trigger_who_asks_for_them_where_candles_fill():
    """The ask is 104 at 5 s; the candle's range reaches that at 10 s, when it closes."""
    market = [candles((0, 10, 100, 104, 99, 100), (10, 20, 100, 104, 99, 100)), QUOTES]
    by_candles = dict.fromkeys(("taker_fills_on", "maker_fills_on", "triggers_on"), "candles")
    venue = {"venues": bt.Venue(account="margin", **by_candles)}
    assert triggered(market, {"at": 1, "buy": 1, "stop": 104, "by": "quote"}, **venue) == [5]
    assert triggered(market, {"at": 0, "buy": 1, "stop": 104}, start=None, **venue) == [10]


def test_rule_28_a_sell_looks_at_the_bid_and_a_trailing_stop_follows_its_own_prices():
    """Stops at 97: the bid is 96 at 5 s; the trailing stop two below the best mid, 104 at 7 s, ends at 8 s."""
    rows = [{"at": 1, "sell": 1, "stop": 97, "by": "quote"}, {"at": 1, "sell": 1, "trailing": 2, "by": "mark"}]
    assert triggered([TRADES, QUOTES], *rows) == [5, 8]


def test_rule_28_without_a_mid_the_mark_is_the_last_price_behind_the_orders_arrival():
    """One-sided from 2 s on: the trade of 1 s came before the order of 3 s, but not before that of 0 s."""
    book = quotes((0, 99, 5, 101, 5), (4, 99, 5, 101, 0), (6, 99, 5, 101, 0))
    market = [trades((1, 105, 9), (5, 105, 9)), book]
    early = {"at": 0.5, "buy": 1, "stop": 104, "by": "mark"}
    late = {"at": 3, "buy": 1, "stop": 104, "by": "mark"}
    assert triggered(market, early, late, start=None) == [4, 5]


def test_rule_28_a_candle_shows_the_mark_its_close_alone():
    """The range reaches 104 at 20 s, as does the next open; the close at 40 s."""
    market = bars(100, (100, 104, 99, 100), (104, 104, 99, 100), 104)
    rows = [{"at": 10, "buy": 1, "stop": 104, "by": by} for by in ("mark", "last")]
    assert triggered(market, *rows) == [40, 20]
    path = {"venues": bt.Venue(account="margin", candle_path="open_high_low_close")}
    assert triggered(market, *rows, **path) == [40, 20]


def test_rule_29_a_candle_that_had_opened_before_does_not_count_by_the_last_price():
    """It comes within the candle that goes to 104, and is triggered by the next one."""
    market = bars(100, (100, 104, 99, 100), (100, 105, 99, 100))
    assert triggered(market, {"at": 15, "buy": 1, "stop": 104, "by": "last"}) == [30]


def test_rule_28_what_the_mark_triggers_meets_what_comes_next():
    """By the last price it fills at the trade that triggered it, by the mark at the trade behind that."""
    market = trades((0, 100, 9), (3, 104, 9), (4, 106, 9))
    result = run(market, schedule(*({"at": 1, "buy": 1, "stop": 104, "by": by} for by in ("last", "mark"))), **MARGIN)
    assert table(result.trades, "order_id", "price") == [(0, 104), (1, 106)]


def test_rule_28_an_order_that_arrives_is_shown_the_mid():
    """It stands at 100 and is beyond its trigger already; of a last price nothing is shown."""
    book = quotes((0, 99, 5, 101, 5), (9, 99, 5, 101, 5))
    assert triggered(book, {"at": 1, "buy": 1, "stop": 100, "by": "mark"}) == [1]
    assert triggered(trades((0, 104, 9), (9, 90, 9)), {"at": 1, "buy": 1, "stop": 100, "by": "mark"}) == [None]


def test_rule_31_what_protects_looks_where_its_entry_says():
    """The trade at 3 s is beyond the stop of 95, the mid is not before 5 s."""
    market = [
        trades((0, 100, 9), (3, 90, 9), (9, 100, 9)),
        quotes((0, 99, 5, 101, 5), (5, 94, 5, 96, 5), (9, 99, 5, 101, 5)),
    ]
    rows = [{"at": 1, "buy": 1, "stop_loss": 95, "by": by} for by in ("last", "mark")]
    assert triggered(market, *rows) == [None, 3, None, 5]


def test_rule_31_the_candle_that_filled_an_entry_shows_a_stop_by_the_mark_nothing():
    """The range that bought at 98 goes to 90, where the stop of 95 is met; by the mark it is at the close of 93."""
    market = bars(100, (100, 100, 90, 96), 93, 93)
    rows = [{"at": 10, "buy": 1, "limit": 98, "stop_loss": 95, "by": by} for by in ("last", "mark")]
    assert triggered(market, *rows) == [None, 20, None, 30]


class Asks:
    """Sends one order at the first event."""

    wake = "every_event"

    def __init__(self, **terms):
        self.terms, self.sent = terms, False

    def generate_algo_orders(self, state):
        if self.sent:
            return [], []
        self.sent = True
        return [], [state.buy("a_usd", 1, **self.terms)]


def compiled(s, my):
    if api.next_order(s) == 0:
        api.trigger_by(s, api.stop_buy(s, 0, 1.0, 104.0), api.MARK)
        api.trigger_by(s, api.buy(s, 0, 1.0, 95.0), api.LAST)


def test_every_driver_and_a_command_may_choose():
    """The mid reaches 104 at 7 s, the trades at 3 s."""
    market = [TRADES, QUOTES]
    python = run(market, Asks(stop=104, trigger_by="mark"), **MARGIN)
    assert table(python.orders, "time_triggered") == [(7,)]
    mine = run(market, bt.Compiled(compiled, wake="every_event"), **MARGIN)
    assert table(mine.orders, "kind", "time_triggered") == [("stop", 7), ("market", None), ("stop", None)]
    frame = pl.DataFrame({"time": stamps([1]), "command": ["open"], "instrument": ["a_usd"], "quantity": [1.0]})
    frame = frame.with_columns(stop=104.0, trigger_by=pl.lit("quote"))
    told = run(market, Watch(lambda state: None), commands=bt.Commands(frame), **MARGIN)
    assert table(told.orders, "time_triggered") == [(5,)]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"trigger_by": "mark"}, "trigger_by is 'mark', and nothing has a trigger"),
        ({"stop": 104, "trigger_by": "mid"}, "trigger_by is 'mid'; allowed: last, quote, mark"),
        ({"take_profit": 104, "trigger_by": "last"}, "trigger_by is 'last', and nothing has a trigger"),
        ({"stop": 104, "trigger_by": "quote"}, "has a trigger_by of prices that the data has none of"),
    ],
)
def test_what_cannot_be_is_told(terms, said):
    with pytest.raises(StrategyError, match=said):
        run(TRADES, Asks(**terms), **MARGIN)


def test_schedules_and_commands_tell_what_cannot_be():
    for row, said in (
        ({"at": 1, "buy": 1, "by": "mark"}, "trigger_by where it has no effect"),
        ({"at": 1, "buy": 1, "stop": 104, "by": "bid"}, "an unknown trigger_by"),
        ({"at": 1, "target": 1, "by": "last"}, "trigger_by where it has no effect"),
    ):
        with pytest.raises(StrategyError, match=said):
            run(TRADES, schedule(row), **MARGIN)
    frame = pl.DataFrame({"time": stamps([1]), "command": ["open"], "instrument": ["a_usd"], "quantity": [1.0]})
    with pytest.raises((ConfigError, StrategyError), match="nothing has a trigger"):
        run(TRADES, Watch(lambda state: None), commands=bt.Commands(frame.with_columns(trigger_by=pl.lit("mark"))))


def wrong(s, my):
    api.trigger_by(s, api.buy(s, 0, 1.0), api.LAST)


def test_compiled_tells_what_cannot_be():
    with pytest.raises(StrategyError, match="with a trigger that cannot be"):
        run(candles((0, 10, 1, 1, 1, 1)), bt.Compiled(wrong, wake="bar_close"))
