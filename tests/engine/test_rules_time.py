"""Rules 9 to 13, 21: which event comes when, and what a strategy sees of it."""

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import DataError, EngineError, StrategyError
from barter_bt.strategy.api import buy
from tests.engine.tiny import A, B, S, Watch, bars, candles, flat, quotes, run, schedule, stamps, table, trades

EVERY = "every_event"


def second(state: Any) -> float:
    return state.time / S


def event(state: Any) -> tuple[float, str]:
    return second(state), state.event


def received(stream: bt.data.Stream, *arrivals: float, **options: Any) -> bt.data.Stream:
    """The same rows with times of arrival."""
    make = {"trades": bt.data.trades, "quotes": bt.data.quotes, "candles": bt.data.candles}[stream.kind]
    frame = stream.frame().collect()
    return make(frame.with_columns(stamps(arrivals).alias("time_received")), **options)


def latency(**seconds: float) -> bt.Venue:
    return bt.Venue(latency=bt.Latency(**{f"{name}_ns": round(value * S) for name, value in seconds.items()}))


# Time


def test_rule_9_an_event_is_seen_when_it_arrives():
    """Rule 9: by `time_received` where the data has it, else by venue time and feed latency."""
    data = trades((1, 100, 1), (2, 101, 1))
    watch = Watch(second, wake="trade")
    run(data, watch)
    run(received(data, 1.5, 5), watch)
    run(data, watch, venues=latency(feed=0.25))
    run(received(data, 1.5, 5), watch, venues=latency(feed=0.25))
    assert watch.seen == [1, 2, 1.5, 5, 1.25, 2.25, 1.5, 5]


def test_rule_9_the_venue_lives_by_its_own_time():
    """Rule 9: a trade seen late has happened at the venue: an order sent on it meets what came meanwhile."""
    data = trades((1, 100, 1), (2, 101, 1), (4, 103, 1), (6, 110, 1))
    watch = Watch(second, lambda s, n: ((), [bt.OrderRequest(0, 1)] if n == 1 else []), wake="trade")
    result = run(data, watch, venues=latency(feed=2.5))
    assert watch.seen[0] == 3.5
    assert table(result.trades, "time_exchange", "price") == [(4, 103)]


def test_rule_9_the_clock_never_goes_back():
    """Rule 9: the engine's clock is the largest arrival time seen, over all streams."""
    watch = Watch(second, wake=("market", "timer:1s"))
    data = [received(trades((1, 100, 1), (2, 100, 1)), 4, 6), trades((3, 50, 1, "b_usd"), (5, 50, 1, "b_usd"))]
    run(data, watch, [A, B])
    assert watch.seen == sorted(watch.seen)
    assert watch.seen == [1, 2, 3, 3, 4, 4, 5, 5, 6, 6]


@pytest.mark.parametrize("arrivals", [(1, 5, 4), None])
def test_rule_9_within_a_stream_times_must_not_go_back(arrivals):
    """Rule 9: neither the venue's nor those of arrival; the error names column and row."""
    data = (
        received(trades((1, 1, 1), (2, 1, 1), (3, 1, 1)), *arrivals)
        if arrivals
        else trades((1, 1, 1), (3, 1, 1), (2, 1, 1))
    )
    column = "time_received" if arrivals else "time_exchange"
    with pytest.raises(DataError, match=rf"{column}.*row 2"):
        run(data, Watch(second, wake="trade"))


def test_rule_9_negative_latency_needs_a_clock_offset():
    """Rule 9: data that arrives before it happened is refused until its clock is put right."""
    data = trades((1, 100, 1), (2, 100, 1))
    watch = Watch(second, wake="trade")
    with pytest.raises(DataError, match="clock_offset"):
        run(received(data, 0.5, 1.75), watch)
    watch.seen.clear()
    run(received(data, 0.5, 1.75, clock_offset="0.5s"), watch)
    assert watch.seen == [1, 2.25]


# Order of events


def test_rule_10_at_one_time_reports_come_before_market_events():
    """Rule 10: class 1 before class 2: at 2 the report of the fill at 1 is seen before the trade at 2."""
    data = [quotes((1, 99, 9, 101, 9)), trades((1, 100, 1), (2, 100, 1), (3, 100, 1))]
    watch = Watch(event, lambda s, n: ((), [bt.OrderRequest(0, 1)] if n == 1 else []), wake=("trade", "fill"))
    run(data, watch, venues=latency(response=1))
    assert watch.seen == [(1, "trade"), (2, "fill"), (2, "trade"), (3, "trade")]


def test_rule_10_the_venue_is_first():
    """Rule 10: class 0 before 7: an order sent at 2 on trades does not meet the trade of 2, which was there."""
    data = trades((1, 100, 1), (2, 101, 1), (2, 102, 1), (3, 103, 1))
    watch = Watch(event, lambda s, n: ((), [bt.OrderRequest(0, 1)] if n == 2 else []), wake="trade")
    assert table(run(data, watch).trades, "time_exchange", "price") == [(3, 103)]


def test_rule_10_a_mark_comes_after_the_market_and_before_decisions():
    """Rule 10: class 3: the mark of a close has its price, and not what is decided at that close."""
    data = [quotes((1, 99, 9, 101, 9)), flat(100, 100)]
    result = run(data, schedule({"at": 10, "buy": 1}), venues=bt.Venue(fees=bt.Fees(per_contract=1)))
    assert table(result.trades, "time_exchange", "price") == [(10, 101)]
    assert table(result.equity, "time", "equity") == [(0, 10_000), (10, 10_000), (20, 9_998)]


def test_rule_10_bar_close_then_request_then_open():
    """Rule 10: classes 6, 7, 8: what is asked for at a bar's close fills at the open of the same stamp."""
    watch = Watch(event, lambda s, n: ((), [bt.OrderRequest(0, 1)]), wake="bar_close")
    result = run(bars((10, 12, 9, 11), (13, 14, 12, 13), (15, 16, 14, 15)), watch)
    assert watch.seen == [(10, "bar_close"), (20, "bar_close"), (30, "bar_close")]
    assert table(result.trades, "time_exchange", "price") == [(10, 13), (20, 15)]


def test_rule_10_an_open_is_answered_at_the_next_in_one_stream_or_two():
    """Rules 10 and 17: what fills at one time is settled together, so a fill at an open is answered after all opens."""
    data = [
        candles((0, 10, 5, 5, 5, 5), (10, 20, 6, 6, 6, 6)),
        candles((0, 10, 7, 7, 7, 7), (10, 20, 8, 8, 8, 8), instrument="b_usd"),
    ]
    answer = {"bar_close": "a_usd", "fill": "b_usd"}

    def ask(state, n):
        return (), [bt.OrderRequest(answer[state.event], 1)] if n <= 2 else []

    result = run(data, Watch(event, ask, wake=("bar_close", "fill")), [A, B])
    assert table(result.trades, "time_exchange", "instrument", "price") == [(10, "a_usd", 6), (20, "b_usd", 8)]


def test_rule_10_a_fill_is_told_before_the_rows_of_its_time_in_every_stream():
    """Rule 10: classes 0 and 1 before 2, also for a row that follows another which wakes nobody."""
    data = [trades(*((k, 10, 1) for k in range(1, 5))), trades((1, 50, 1), (3, 40, 1), instrument="b_usd")]
    plan = schedule({"at": 1, "buy": 1, "limit": 45, "on": "b_usd"})
    result = run(data, plan, [A, B], audit="full", mark_every="1h")
    events = table(result.audit, "time_engine", "event", "instrument")
    assert [event for event in events if event[0] == 3 and event[1] in ("market_trade", "account_trade")] == [
        (3, "account_trade", "b_usd"),
        (3, "market_trade", "a_usd"),
        (3, "market_trade", "b_usd"),
    ]


def _buy_at_second_two(s: Any, my: Any) -> None:
    if s.engine.time[0] == 2 * S:
        buy(s, 0, 1.0)


@pytest.mark.parametrize(("wait", "filled"), [(0, (3, 103)), (1.5, (4, 104))])
def test_rule_10_what_a_compiled_strategy_asks_for_reaches_the_venue_before_later_rows(wait, filled):
    """Rule 10: also among rows that the engine passes without looking up."""
    data = trades(*((k, 100 + k, 1) for k in range(1, 7)))
    strategy = bt.Compiled(_buy_at_second_two, wake="trade")
    result = run(data, strategy, venues=latency(request=wait), mark_every="1h")
    assert table(result.trades, "time_exchange", "price") == [filled]


@pytest.mark.parametrize("swapped", [False, True])
def test_rule_10_within_a_class_streams_count_in_the_order_given(swapped):
    """Rule 10: at one time by stream, then row."""
    one = trades((1, 10, 1), (1, 11, 1), (2, 12, 1))
    two = trades((1, 20, 1, "b_usd"), (2, 21, 1, "b_usd"))
    watch = Watch(lambda s: (second(s), s.price(s.instrument)), wake="trade")
    run([two, one] if swapped else [one, two], watch, [A, B])
    first = [(1, 20), (1, 10), (1, 11), (2, 21), (2, 12)]
    assert watch.seen == (first if swapped else [(1, 10), (1, 11), (1, 20), (2, 12), (2, 21)])


@pytest.mark.parametrize("swapped", [False, True])
def test_rule_10_streams_count_in_the_order_given_also_where_nobody_is_woken_between(swapped):
    """Rules 10 and 13: at one time the later stream's trade is the last price, though it came in a burst of its own."""
    one, two = trades((1, 10, 1), (3, 11, 1), (5, 12, 1)), trades((2, 20, 1), (3, 21, 1), (4, 22, 1), (5, 23, 1))
    result = run([two, one] if swapped else [one, two], schedule({"at": 0, "buy": 1}))
    assert result.state.instruments.last[0] == (12 if swapped else 23)
    earlier = run([two, one] if swapped else [one, two], schedule({"at": 3, "buy": 1, "limit": 2}))
    assert table(earlier.orders, "price_sent") == [(11 if swapped else 21,)]


def test_rule_10_an_acknowledgement_is_seen_before_the_next_request_is_matched():
    """Rules 10 and 17: two orders of one time without latency: each is acknowledged, then both are settled."""
    watch = Watch(lambda s: (s.event, s.order), wake=("fill", "order"))
    orders = [bt.OrderRequest(0, 1), bt.OrderRequest(0, 2)]
    watch._ask = lambda s, n: ((), [])

    class Both(Watch):
        def generate_algo_orders(self, state):
            if state.event == "quote":
                return (), orders if second(state) == 1 else ()
            return watch.generate_algo_orders(state)

    run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), Both(None, wake=("quote", "order")))
    assert watch.seen == [("order", 0), ("order", 1), ("fill", 0), ("order", 0), ("fill", 1), ("order", 1)]


def test_rule_10_a_fill_can_be_answered_before_the_next_request():
    """Rule 10: an order sent on the first fill is matched after what was sent before, in order of sending."""
    data = quotes((1, 99, 9, 101, 3), (2, 99, 9, 102, 9))

    def ask(state, n):
        if state.event == "quote" and n == 1:
            return (), [bt.OrderRequest(0, 2), bt.OrderRequest(0, 2)]
        return (), [bt.OrderRequest(0, 5)] if state.order == 0 else []

    result = run(data, Watch(event, ask, wake=("quote", "fill")))
    assert table(result.trades, "order_id", "price", "quantity") == [(0, 101, 2), (1, 101, 1), (1, 102, 1), (2, 102, 5)]


@pytest.mark.parametrize("watched", ["clock", "fills"])
def test_rule_10_what_comes_before_the_clock_is_a_fault_of_the_program(monkeypatch, watched):
    """Rule 10: here opens that come too late; where nobody watches the clock, the fill before its order's arrival."""
    monkeypatch.setattr(bt.data.Stream, "opens_in_order", lambda stream: True)  # in the order of rows, which is wrong
    if watched == "fills":
        monkeypatch.setattr("barter_bt.simulation.loop.keep_time", lambda s, v, what, due: None)
    rows = [(10 * k, 10 * k + 10, 9, 9, 9, 9, "a_usd") for k in range(7)]
    market = candles(*rows[:6], (0, 70, 5, 5, 5, 5, "b_usd"), rows[6])
    limit = {"limit": 1} if watched == "clock" else {}
    with pytest.raises(EngineError, match="a fault of barter_bt, and no result is given"):
        run(market, schedule({"at": 35, "buy": 1, "on": "b_usd"} | limit), [A, B])


def test_rule_10_rows_that_nobody_checks_and_that_go_back_are_the_datas_fault():
    """Rule 10: not the program's, where a stream is not to be checked."""
    with pytest.raises(DataError, match=r"time_exchange.*row 2"):
        run(trades((1, 9, 1), (5, 9, 1), (3, 9, 1), validate=False), schedule({"at": 1, "buy": 1, "limit": 2}))


# Account events


def test_rule_11_a_fill_is_four_events_that_show_one_state():
    """Rule 11: trade, order snapshot, quote balance, base balance; all is applied with the first."""

    def see(state):
        raw = state.raw
        return (
            state.event,
            state.position(0),
            state.working(0),
            raw.assets.total[0],  # in units of a lot
            raw.assets.total[1] / S,
            len(state.open_orders(0)),
        )

    watch = Watch(see, lambda s, n: ((), [bt.OrderRequest(0, 2)] if n == 1 else []))
    run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), watch)
    after = (2, 0, 2, 10_000 - 202, 0)
    assert watch.seen == [
        ("quote", 0, 0, 0, 10_000, 0),
        ("order", 0, 2, 0, 10_000, 1),
        ("fill", *after),
        ("order", *after),
        ("balance", *after),
        ("balance", *after),
        ("quote", *after),
    ]


def test_rule_11_a_derivatives_fill_has_no_base_balance():
    """Rule 11: trade, order snapshot, quote balance."""
    one = bt.Instrument("x", "a_usd", kind="future", price_increment=1, quantity_increment=1)
    watch = Watch(lambda s: s.event, lambda s, n: ((), [bt.OrderRequest(0, 2)] if n == 1 else []))
    run(quotes((1, 99, 9, 101, 9)), watch, one)
    assert watch.seen == ["quote", "order", "fill", "order", "balance"]


def test_rule_11_other_reports_are_one_event_and_the_balance_that_changed():
    """Rule 11: an acknowledgement and a cancel with their reservation; a reject reserves nothing."""
    requests = {1: ((), [bt.OrderRequest(0, 1, price=50)]), 4: ([0], []), 7: ((), [bt.OrderRequest(0, 1000, price=50)])}
    watch = Watch(event, lambda s, n: requests.get(n, ((), ())))
    result = run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9), (3, 99, 9, 101, 9)), watch)
    assert watch.seen == [
        (1, "quote"),
        (1, "order"),
        (1, "balance"),
        (2, "quote"),
        (2, "order"),
        (2, "balance"),
        (3, "quote"),
        (3, "order"),
    ]
    assert table(result.balances, "asset", "free")[2:] == [("usd", 9_950), ("usd", 10_000)]
    assert table(result.orders, "status", "reason") == [
        ("cancelled", "requested"),
        ("rejected", "insufficient_balance"),
    ]


def test_rule_11_reports_of_one_exchange_arrive_in_order():
    """Rule 11: with latency each way: sent at 1, accepted at 2, filled at 2, known at 5."""
    data = quotes(*((k, 99, 9, 101, 9) for k in range(1, 9)))
    watch = Watch(event, wake=("order",))
    result = run(data, schedule({"at": 1, "buy": 1}), venues=latency(request=1, response=3))
    assert table(result.orders, "time_sent", "time_exchange", "time_closed") == [(1, 2, 5)]
    assert table(result.trades, "time_exchange", "time_engine") == [(2, 5)]
    assert table(result.balances, "time_exchange", "asset")[2:] == [(2, "usd"), (2, "a")]
    assert watch.seen == []


def test_rule_11_a_closed_order_stays_closed():
    """Rule 11: a cancel that comes too late changes nothing, whatever arrives after."""
    data = trades((1, 100, 5), (3, 95, 5), (9, 95, 5))
    rows = [{"at": 2, "buy": 2, "limit": 98}, {"at": 4, "cancel": 0}]
    result = run(data, schedule(*rows), venues=latency(response=2))
    assert table(result.orders, "status", "filled", "time_closed") == [("filled", 2, 5)]
    result = run(data, schedule(*rows, {"at": 6, "cancel": 0}), venues=latency(response=2))
    assert table(result.orders, "status", "filled", "time_closed") == [("filled", 2, 5)]


def test_rule_11_a_partly_filled_order_can_be_cancelled():
    """Rule 11: what was filled stays; the rest is given back."""
    data = trades((1, 100, 5), (3, 95, 2), (9, 95, 5))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 98}, {"at": 4, "cancel": 0}))
    assert table(result.orders, "status", "reason", "filled", "quantity") == [("cancelled", "requested", 2, 5)]
    assert table(result.balances, "asset", "total", "free")[-1] == ("usd", 10_000 - 196, 10_000 - 196)


# Start and end


def test_rule_12_the_run_starts_with_the_balances():
    """Rule 12: event 0 is the account at the first time in the data: of candles, their open; or as given."""
    expected = [(0, "a", 0, 0), (0, "usd", 10_000, 10_000)]
    columns = ("time_exchange", "asset", "total", "free")
    assert table(run(flat(100, 100), schedule({"at": 99, "buy": 1})).balances, *columns) == expected
    assert table(run(trades((3, 1, 1)), schedule({"at": 99, "buy": 1})).balances, "time_exchange") == [(3,), (3,)]


def test_rule_12_what_is_in_flight_at_the_end_is_drained():
    """Rule 12: sent at the last event, with latency: it reaches the venue, and its reports come home."""
    data = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9))
    result = run(data, schedule({"at": 2, "buy": 1}), venues=latency(request=5, response=5))
    assert table(result.trades, "time_exchange", "time_engine") == [(7, 12)]
    assert table(result.equity, "time")[-1] == (12,)


def test_rule_12_open_orders_are_reported_as_open():
    """Rule 12: what rests at the end stays, with its reservation."""
    result = run(trades((1, 100, 5), (2, 100, 5)), schedule({"at": 1, "buy": 2, "limit": 50}, {"at": 2, "buy": 1}))
    assert table(result.orders, "status", "filled", "time_closed") == [("open", 0, None), ("open", 0, None)]
    assert table(result.balances, "total", "free")[-1] == (10_000, 9_900)


def test_rule_12_rows_after_the_last_event_are_counted_in_a_warning():
    """Rule 12: they are not reached; a row at the last event is."""
    rows = [{"at": 2, "buy": 1, "limit": 50}, {"at": 2.5, "buy": 1}, {"at": 9, "buy": 1}]
    result = run(trades((1, 100, 5), (2, 100, 5)), schedule(*rows))
    assert result.orders.height == 1
    assert any(warning.startswith("2 row(s) of the strategy's schedule") for warning in result.warnings)


@pytest.mark.parametrize("mark_every", [None, "1s"])
@pytest.mark.parametrize("start", [0.5, 2, 5.5])
def test_rule_12_the_run_starts_when_it_is_said_to(start, mark_every):
    """Rule 12: event 0, the first mark and timers, whether the data begins before or after the start."""
    when = pl.Series([round(start * 1000)]).cast(pl.Datetime("ms", "UTC")).item()
    watch = Watch(event, wake="timer:2s")
    result = run(trades((2, 100, 5), (6, 101, 5)), watch, start=when, mark_every=mark_every)
    assert table(result.balances, "time_exchange")[0] == (start,)
    assert table(result.equity, "time", "equity")[0] == (start, 10_000)
    assert watch.seen == [(time, "timer") for time in (2, 4, 6) if time >= start]
    # What is asked for before the data is sent when it was asked for, and waits.
    result = run(trades((6, 101, 5)), schedule({"at": 1, "buy": 1}), start=when, mark_every=mark_every)
    assert table(result.orders, "time_sent") == [(max(1, start),)]
    assert table(result.trades, "time_exchange", "price") == [(6, 101)]


def test_rule_12_of_targets_before_the_start_the_last_of_each_instrument_is_followed():
    """Of 2, 0 and 1 only the last trades, at the first price, once; of the other instrument 4."""
    market = [trades((5, 100, 5), (6, 101, 5)), trades((5, 100, 5), (6, 101, 5), instrument="b_usd")]
    rows = [(1, "a", 2), (2, "b", 4), (2, "a", 0), (3, "a", 1), (5.5, "a", 3)]
    plan = schedule(*({"at": at, "target": target, "on": f"{name}_usd"} for at, name, target in rows))
    result = run(market, plan, [A, B])
    sent = table(result.orders, "time_sent", "instrument", "side", "quantity")
    assert sent == [(5, "b_usd", "buy", 4), (5, "a_usd", "buy", 1), (5.5, "a_usd", "buy", 2)]


def test_rule_12_rows_before_the_start_are_followed_at_the_start():
    """Rule 12: before everything else."""
    result = run(trades((5, 100, 5), (6, 101, 5)), schedule({"at": 1, "buy": 1}))
    assert table(result.orders, "time_sent") == [(5,)]
    assert table(result.trades, "time_exchange", "price") == [(6, 101)]


# Recency


def test_rule_13_older_news_does_not_replace_newer():
    """Rule 13: by venue time; a quote or trade that arrives later but happened earlier changes nothing."""
    data = [
        received(trades((5, 100, 1)), 6),
        received(trades((4, 90, 1), (5, 95, 1)), 7, 8),
        received(quotes((5, 99, 1, 101, 1, "b_usd")), 6),
        received(quotes((4, 89, 1, 91, 1, "b_usd"), (5, 93, 1, 95, 1, "b_usd")), 7, 8),
    ]
    watch = Watch(lambda s: (second(s), s.price(s.instrument)), wake="market")
    run(data, watch, [A, B])
    assert watch.seen == [(6, 100), (6, 100), (7, 100), (7, 100), (8, 95), (8, 94)]


def test_rule_13_within_a_stamp_the_later_row_counts():
    """Rule 13: at one venue time the later to arrive replaces."""
    watch = Watch(lambda s: s.price(0), wake="trade")
    run(trades((1, 10, 1), (1, 12, 1), (1, 11, 1)), watch)
    assert watch.seen == [10, 12, 11]


def test_rule_13_a_crossed_quote_is_an_error_and_a_locked_one_is_not():
    """Rule 13: bid > ask with both amounts above 0 is an error in the data."""
    with pytest.raises(DataError, match="crossed"):
        run(quotes((1, 99, 1, 101, 1), (2, 102, 1, 101, 1)), Watch(second, wake="quote"))
    run(quotes((1, 99, 1, 101, 1), (2, 101, 1, 101, 1), (3, 102, 0, 101, 1)), Watch(second, wake="quote"))


# Wake-ups


def test_rule_21_bar_close_comes_once_for_each_time_after_all_its_candles():
    """Rule 21: two instruments, also from two streams, one wake-up in which both closes are known."""
    both = ((0, 10, 5, 5, 5, 5), (0, 10, 7, 7, 7, 7, "b_usd"), (10, 20, 6, 6, 6, 6), (10, 20, 8, 8, 8, 8, "b_usd"))
    apart = [candles(*both[::2]), candles(*both[1::2])]
    for data in (candles(*both), apart):
        watch = Watch(
            lambda s: (second(s), s.event, s.instrument, s.price("a_usd"), s.price("b_usd")), wake="bar_close"
        )
        run(data, watch, [A, B])
        assert watch.seen == [(10, "bar_close", -1, 5, 7), (20, "bar_close", -1, 6, 8)]


def test_rule_21_a_timer_strikes_at_multiples_of_its_interval():
    """Rule 21: while the market lives; at an event's time after it (class 6)."""
    watch = Watch(lambda s: (*event(s), s.instrument), wake=("timer:2s", "trade"))
    run(trades((1, 10, 1), (4, 11, 1), (7, 12, 1)), watch)
    assert watch.seen == [
        (1, "trade", 0),
        (2, "timer", -1),
        (4, "trade", 0),
        (4, "timer", -1),
        (6, "timer", -1),
        (7, "trade", 0),
    ]


@pytest.mark.parametrize(
    ("wake", "expected"),
    [
        ("fill", ["fill"]),
        ("order", ["order", "fill", "order"]),
        ("trade", ["trade"] * 2),
        ("quote", ["quote"] * 2),
        ("candle", ["candle"] * 2),
        ("market", ["quote", "trade", "candle", "quote", "trade", "candle"]),
        (
            EVERY,
            ["quote", "trade", "order", "fill", "order", "balance", "balance", "candle", "quote", "trade", "candle"],
        ),
    ],
)
def test_rule_21_a_strategy_is_woken_by_what_it_asked_for(wake, expected):
    """Rule 21: and the event says what it was; the orders here are those of its first wake-up by a trade."""
    seen, sent = [], []

    class Asked:
        def generate_algo_orders(self, state):
            seen.append(state.event)
            if state.event in ("trade", "candle", "quote") and second(state) >= 5 and not sent:
                sent.append(1)
                return (), [bt.OrderRequest(0, 1)]
            return (), ()

    strategy = Asked()
    strategy.wake = wake
    data = [quotes((1, 99, 9, 101, 9), (15, 99, 9, 101, 9)), trades((5, 100, 1), (16, 100, 1)), flat(100, 100)]
    if wake in ("fill", "order"):
        compiled = bt.Schedule(schedule({"at": 5, "buy": 1}).frame)
        result = run(data, compiled)
        assert table(result.trades, "time_exchange") == [(5,)]
        strategy.wake = (wake, "trade")
        run(data, strategy)
        assert [one for one in seen if one != "trade"] == expected
    else:
        run(data, strategy)
        assert [one for one in seen if wake == EVERY or one not in ("order", "fill", "balance")] == expected


def test_rule_21_an_unknown_wake_up_is_an_error():
    """Rule 21: it names what is allowed and what is near."""
    with pytest.raises(StrategyError, match="bar_clos") as caught:
        run(flat(1, 2), Watch(second, wake="bar_clos"))
    assert "'bar_close'" in caught.value.hint


def test_rule_21_accessors_and_raw_columns_agree():
    """Rule 21: accessors give floats, raw columns ticks and lots."""
    one = bt.Instrument("x", "a_usd", price_increment="0.5", quantity_increment="0.25")

    def see(state):
        raw = state.raw.instruments
        return (
            state.bid(0),
            raw.bid[0],
            state.ask(0),
            raw.ask[0],
            state.position("a_usd"),
            raw.quantity[0],
            state.working(0),
        )

    watch = Watch(see, lambda s, n: ((), [bt.OrderRequest("a_usd", 1.5)]), wake="quote")
    run(quotes((1, 99.5, 1, 100.5, 1), (2, 99, 1, 101, 1)), watch, one)
    assert watch.seen == [(99.5, 199, 100.5, 201, 0, 0, 0), (99, 198, 101, 202, 1.5, 6, 0)]


@pytest.mark.parametrize("received", [True, False])
def test_rule_9_a_signal_is_known_when_its_candle_has_arrived(received):
    """Rule 9: with feed latency, or arrival times in the data, a target is sent as late as a woken strategy would."""
    bars_ = candles((0, 10, 5, 6, 4, 5), (10, 20, 5, 6, 4, 6), (20, 30, 6, 7, 5, 7), (30, 40, 6, 7, 5, 7))
    venue = bt.Venue()
    if received:
        frame = bars_.frame().collect().with_columns(time_received=pl.col("time_exchange") + pl.duration(seconds=3))
        bars_ = bt.data.candles(frame)
    else:
        venue = bt.Venue(latency=bt.Latency(feed_ns=3 * S))
    rising = bt.Signals((pl.col("close") > 5).cast(pl.Float64))
    signals = run(bars_, rising, venues=venue)
    woken = Watch(
        lambda s: s.raw.instruments.close[0],
        lambda s, n: ((), [bt.OrderRequest(0, 1)] if s.raw.instruments.close[0] > 5 and not s.position(0) else []),
        "bar_close",
    )
    python = run(bars_, woken, venues=venue)
    expected = [(23, 30)]
    for result in (signals, python):
        sent, filled = table(result.orders, "time_sent"), table(result.trades, "time_exchange")
        assert [(*one, *other) for one, other in zip(sent, filled, strict=True)] == expected
