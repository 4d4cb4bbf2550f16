"""What goes with signals: protection and entries as numbers, expressions and columns; leaving after a time."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.leaving import left_after, with_exits
from tests.engine.tiny import S, bars, run, stamps, table

C = pl.col("close")
FRAME = pl.DataFrame({"time": stamps([10, 20]), "instrument": ["a_usd"] * 2, "target": [1.0, 2.0]})
MARGIN = {"venues": bt.Venue(account="margin")}
RISING = bars(100, 101, 102, 103)


def prices(signals: bt.Signals, **options: object) -> list[tuple]:
    return table(run(RISING, signals, **options).orders, "time_sent", "kind", "price", "trigger")


def test_protection_is_that_of_the_targets_candle():
    """A tenth of the close below, and twice the row above: bought at 100 and at 102."""
    target = pl.when(C == 100).then(1.0).when(C == 101).then(2.0)
    signals = bt.Signals(target, stop_loss=C * 0.1, take_profit=(C - 99) * 2, protect_by="distance")
    assert prices(signals)[1:3] == [(10, "stop", None, 91), (10, "limit", 103, None)]  # from 101: 10.1 away, and 2
    assert prices(signals)[4:] == [(20, "stop", None, 92), (20, "limit", 106, None)]  # from 102: 10.1 away, and 4


def test_a_null_protects_not_and_a_number_is_not_rounded():
    signals = bt.Signals(pl.lit(1.0), stop_loss=pl.when(C > 200).then(C), take_profit=0.05)
    assert [kind for _, kind, *_ in prices(signals)] == ["market", "limit"]
    with pytest.raises(StrategyError, match="a take_profit that is not positive or off the grid"):
        run(RISING, bt.Signals(pl.lit(1.0), take_profit=2.5, protect_by="distance"))


def test_a_row_is_known_when_all_that_goes_with_it_is():
    """The stop loss looks across instruments: it waits for the other candle, which arrives three seconds later."""
    late = bars(50, 51, 52, instrument="b_usd")
    both = [bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in ("a_usd", "b_usd")]
    mean = C.mean().over("time") * 0.001
    target = pl.when(pl.col("instrument") == "a_usd").then(1.0)
    frame = late.frame().collect().with_columns(time_received=pl.col("time_exchange") + timedelta(seconds=3))
    result = run([RISING, bt.data.candles(frame)], bt.Signals(target, stop_loss=mean), both)
    assert table(result.orders, "time_sent")[0] == (13,)
    alone = run([RISING, bt.data.candles(frame)], bt.Signals(target, stop_loss=0.1), both)
    assert table(alone.orders, "time_sent")[0] == (10,)


def test_entries_by_expressions_columns_and_numbers_are_the_same():
    """Half a percent below the close, on the grid, or as a column of a frame."""
    expected = [(10, "limit", 99, None), (20, "limit", 100, None), (30, "limit", 101, None)]
    assert prices(bt.Signals(pl.lit(1.0), order="limit", price=C * 0.99))[:3] == expected
    assert prices(bt.Signals(pl.lit(1.0), order="limit", price=1, price_by="distance"))[:3] == expected
    frame = FRAME.with_columns(price=pl.Series([99.0, 100.0]), target=1.0)
    assert prices(bt.Signals(frame, order="limit")) == expected[:2]
    assert prices(bt.Signals(frame, order="stop")) == [(10, "stop", None, 99)]  # filled at once


def test_a_stop_limit_has_both():
    signals = bt.Signals(pl.lit(1.0), order="stop_limit", price=C + 5, limit=C + 6)
    assert prices(signals)[0] == (10, "stop_limit", 106, 105)


def test_where_the_price_is_null_the_target_is_but_not_0():
    """Warm-up of the price: no target; the exit in the third bar needs none."""
    price = pl.when(C == 101).then(C - 1)
    signals = bt.Signals(pl.when(C < 102).then(1.0).otherwise(0.0), order="limit", price=price)
    assert table(run(RISING, signals).orders, "time_sent", "price", "time_closed") == [(20, 100, 30)]


def test_market_on_close():
    """Each target is filled at the close of the day's session, exits too."""
    days = pl.DataFrame({"open": stamps([0, 25, 45]), "close": stamps([20, 40, 60])})
    sessions = bt.data.sessions(days)
    signals = bt.Signals(pl.when(C < 103).then(1.0).otherwise(0.0), time_in_force="at_close", rebalance="on_change")
    result = run(bars(100, 101, 102, 103, 104, 105), signals, sessions=sessions)
    assert table(result.trades, "time_exchange", "price") == [(20, 101), (60, 105)]


def test_positions_are_left_after_a_time():
    """15 seconds after the target took its sign a row of its own; where there is a row, that; a turn begins anew."""
    frame = pl.DataFrame(
        {
            "time": stamps([0, 10, 20, 30, 40, 50]),
            "instrument": ["a"] * 6,
            "target": [1.0, 1.0, 2.0, -1.0, -1.0, 0.0],
        }
    )
    left = left_after(with_exits(frame, "15s"))
    assert table(left, "time", "target") == [(0, 1), (10, 1), (15, 0), (20, 0), (30, -1), (40, -1), (45, 0), (50, 0)]
    assert table(left_after(with_exits(frame, timedelta(seconds=20))), "time", "target") == [
        *((0, 1), (10, 1), (20, 0), (30, -1), (40, -1), (50, 0)),
    ]


def test_positions_of_signals_are_left_between_candles():
    result = run(RISING, bt.Signals(pl.lit(1.0), exit_after=f"{15 * S}ns", rebalance="on_change"))
    assert table(result.orders, "time_sent", "side") == [(10, "buy"), (25, "sell")]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"order": "peg"}, "order is 'peg'; allowed: market, limit, stop, stop_limit"),
        ({"order": "limit"}, "price is missing, and order is 'limit'"),
        ({"price": 3}, "price is 3, and order is 'market'"),
        ({"order": "stop_limit", "price": 3}, "limit is missing, and order is 'stop_limit'"),
        ({"order": "stop", "price": 3, "post_only": True}, "post_only, and order is 'stop'"),
        ({"price_by": "distance"}, "price_by is 'distance', and order is 'market'"),
        ({"trigger_by": "last"}, "trigger_by is 'last', and nothing has a trigger"),
        ({"trigger_by": "bid"}, "trigger_by is 'bid'; allowed: last, quote, mark"),
        ({"time_in_force": "moc"}, "time_in_force is 'moc'; allowed: gtc, ioc, fok, day, at_open, at_close"),
        ({"exit_after": "soon"}, "exit_after is 'soon', which is not a length of time"),
        ({"exit_after": 0}, "exit_after is 0; it must be a whole number of rows, at least 1, or a length of time"),
        ({"exit_after": True}, "exit_after is True"),
        ({"stop_loss": C.log() - 9}, "a stop_loss that is below 0 or no number"),
        ({"stop_loss": pl.col("clse")}, "expression of stop_loss names column 'clse'"),
        ({"take_profit": C.str.len_chars()}, "expression of take_profit cannot be computed"),
    ],
)
def test_what_cannot_be_is_told(terms, said):
    with pytest.raises(StrategyError, match=said):
        run(RISING, bt.Signals(pl.lit(1.0), **terms))


def test_a_frame_gives_columns_in_place_of_expressions():
    with pytest.raises(StrategyError, match="stop_loss is an expression, and the targets are a frame"):
        bt.Signals(FRAME, stop_loss=C)
    with pytest.raises(StrategyError, match="price is neither given nor a column of the frame of targets"):
        run(RISING, bt.Signals(FRAME, order="limit"))


def test_a_leak_in_what_goes_with_the_target_is_found():
    signals = bt.Signals(pl.lit(1.0), stop_loss=C.shift(-1) * 0.0001)
    assert "the signal looks ahead: " in "".join(run(RISING, signals).warnings)
    instrument = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    report = bt.check_causality(RISING, instrument, signals, balances={"usd": 10_000}, n=2, interpret=True)
    assert not report.ok


HALF = pl.lit(0.5)
SOMETIMES = pl.when(C.is_in([100.0, 102.0, 103.0])).then(0.5)


@pytest.mark.parametrize(
    ("target", "terms", "sent"),
    [
        (HALF, {}, [10]),
        (HALF, {"rebalance": "always"}, [10, 20, 30, 40, 50]),
        (SOMETIMES, {}, [10, 30]),  # new behind a row without a target; the next repeats it
        (SOMETIMES, {"rebalance": "always"}, [10, 30, 40]),
        (pl.when(C < 102).then(0.5).otherwise(0.2), {}, [10, 20, 50]),
    ],
)
def test_a_share_of_the_equity_is_followed_when_it_changes(target, terms, sent):
    """By default a constant target of half of the equity trades once, however the price moves."""
    market = bars(100, 110, 102, 103, 90, 90)
    orders = run(market, bt.Signals(target, size="equity", **terms), balances={"usd": 1_000_000}).orders
    assert table(orders, "time_sent") == [(time,) for time in sent]


@pytest.mark.parametrize("size", ["units", "notional", "equity"])
def test_signals_say_how_they_are_followed(size):
    """Units that are there trade nothing; rows of a frame are there to be followed; a stop keeps out."""
    assert bt.Signals(HALF, size=size).rebalance == ("always" if size == "units" else "on_change")
    assert bt.Signals(FRAME, size=size).rebalance == "always"
    assert bt.Signals(HALF, size=size, stop_loss=0.1).rebalance == "on_change"
    assert bt.Signals(FRAME.with_columns(take_profit=0.1), size=size).rebalance == "on_change"


def test_targets_of_several_instruments_change_each_by_itself():
    """Each instrument's row before is its own, also where rows of instruments take turns."""
    both = [bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in ("a_usd", "b_usd")]
    market = [bars(100, 110, 102), bars(50, 51, 52, instrument="b_usd")]
    target = pl.when((pl.col("instrument") == "b_usd") & (C == 51)).then(None).otherwise(0.25)
    orders = run(market, bt.Signals(target, size="equity"), both, balances={"usd": 1_000_000}).orders
    assert table(orders, "time_sent", "instrument") == [(10, "a_usd"), (10, "b_usd"), (30, "b_usd")]


def test_a_unit_of_protection_without_any_is_an_error():
    """Unless the frame has a column of it."""
    frame = pl.DataFrame({"time": stamps([1]), "instrument": ["a_usd"], "target": [1.0]})
    for target in (pl.lit(1.0), frame):
        with pytest.raises(StrategyError, match="protect_by is 'price', and nothing protects"):
            bt.Signals(target, protect_by="price")
    assert bt.Signals(frame.with_columns(stop_loss=90.0), protect_by="price").protect_by == "price"
    assert bt.Signals(pl.lit(1.0), protect_by="price", take_profit=120.0).take_profit == 120


def test_each_position_says_after_how_many_rows_it_is_left():
    """Entered at 100 for one row, at 102 for as long as it likes; what later rows say does not count."""
    target = pl.when(C == 101).then(-1.0).otherwise(1.0)
    after = pl.when(C < 102).then(1.0).when(C == 103).then(1.5)
    result = run(bars(100, 100, 100, 101, 101, 102, 103, 103), bt.Signals(target, exit_after=after), **MARGIN)
    assert table(result.orders, "time_sent", "side", "quantity") == [
        *((10, "buy", 1), (20, "sell", 1)),
        *((40, "sell", 1), (50, "buy", 1)),
        (60, "buy", 1),
    ]


def test_each_position_says_after_how_long_it_is_left():
    frame = pl.DataFrame({"time": stamps([10, 20, 30]), "instrument": "a_usd", "target": [1.0, -1.0, -1.0]})
    after = pl.Series("exit_after", [timedelta(seconds=4), None, timedelta(seconds=1)])
    sent = table(run(RISING, bt.Signals(frame.with_columns(after)), **MARGIN).orders, "time_sent", "side")
    assert sent == [(10, "buy"), (14, "sell"), (20, "sell")]
    by_expression = bt.Signals(pl.lit(1.0), exit_after=pl.duration(seconds=C - 96), rebalance="on_change")
    assert table(run(RISING, by_expression).orders, "time_sent", "side") == [(10, "buy"), (14, "sell")]


@pytest.mark.parametrize("far", [timedelta(days=99_999), timedelta(days=200_000), "20000w"])
def test_what_would_end_behind_the_last_time_there_is_never_ends(far):
    """A length that nobody lives to see is not one that goes round to the past."""
    for signals in (bt.Signals(pl.lit(1.0), exit_after=far), bt.Signals(pl.lit(1.0), good_till=far)):
        orders = run(RISING, signals).orders
        assert table(orders, "time_sent", "side", "status") == [(10, "buy", "filled")]
    assert run(RISING, bt.Signals(pl.lit(1.0), good_after=far)).orders["status"].unique().to_list() == ["open"]


@pytest.mark.parametrize("seed", range(40))
def test_left_as_a_loop_over_the_rows_leaves_them(seed):
    """Each instrument by itself, row by row, without a window."""
    random = Random(seed)
    count, by_time = random.randint(1, 30), bool(seed % 2)
    times = sorted(random.choices(range(60), k=count))
    names = [random.choice("ab") for _ in times]
    targets = [random.choice((-1.0, 0.0, 1.0, 2.0)) for _ in times]
    after = [random.choice((None, 1, 2, 5, 9)) for _ in times]
    column = pl.Series(after, dtype=pl.Int64)
    kinds = {"exit_after": (column * S).cast(pl.Duration("ns")) if by_time else column}
    rows = pl.DataFrame({"time": stamps(times), "instrument": names, "target": targets, **kinds})
    rows = rows.unique(["time", "instrument"], keep="first", maintain_order=True)
    given = zip(*(rows[name] for name in ("time", "instrument", "target", "exit_after")), strict=True)
    expected = naive(list(given))
    left = left_after(rows).sort("time", "instrument")
    assert sorted(zip(left["time"], left["instrument"], left["target"], strict=True)) == sorted(expected)


def naive(rows):
    """What stays of targets, by instrument."""
    found = []
    for name in {name for _, name, *_ in rows}:
        own, side, ends, count = [row for row in rows if row[1] == name], None, None, 0
        for place, (time, _, target, after) in enumerate(own):
            if (target > 0) - (target < 0) != side:
                side, count, first, limit = (target > 0) - (target < 0), 0, time, after
                ends = first + after if isinstance(after, timedelta) else None
            over = time >= ends if ends is not None else not isinstance(limit, timedelta | None) and count >= limit
            found.append((time, name, 0.0 if over else target))
            count += 1
            following = own[place + 1 : place + 2]
            if side and ends is not None and time < ends and (not following or following[0][0] > ends):
                found.append((ends, name, 0.0))
    return found


def test_entries_end_by_themselves():
    """A limit that nobody meets, for 15 seconds from its target, until a time of its candle, and by column."""
    far = {"order": "limit", "price": 90.0, "rebalance": "on_change"}
    lengths: list[Any] = ["15s", timedelta(seconds=15), pl.duration(seconds=C - 85), pl.col("time").dt.offset_by("15s")]
    for good_till in lengths:
        result = run(RISING, bt.Signals(pl.lit(1.0), good_till=good_till, **far))
        assert table(result.orders, "time_sent", "status", "time_closed") == [(10, "expired", 25)]
    frame = FRAME.with_columns(price=90.0, good_till=stamps([25, 30])).with_columns(
        pl.when(pl.col("target") == 1).then("good_till").alias("good_till")
    )
    result = run(RISING, bt.Signals(frame, order="limit"))
    assert table(result.orders, "time_sent", "status", "time_closed") == [(10, "cancelled", 20), (20, "open", None)]


def test_entries_are_held_back():
    result = run(RISING, bt.Signals(pl.lit(1.0), good_after="12s", rebalance="on_change"))
    assert table(result.trades, "time_exchange", "price") == [(30, 102)]


def test_a_frame_gives_each_target_its_terms():
    frame = FRAME.with_columns(
        price=pl.Series([200.0, 101.0]), time_in_force=pl.Series(["ioc", None]), post_only=pl.Series([None, True])
    )
    orders = run(RISING, bt.Signals(frame, order="limit"), balances={"usd": 10_000}).orders
    assert table(orders, "time_sent", "time_in_force", "post_only") == [(10, "ioc", False), (20, "gtc", True)]


@pytest.mark.parametrize(
    ("frame", "terms", "said"),
    [
        (
            {"stop_los": 1.0},
            {},
            "has a column 'stop_los', which is not read; allowed: time, .*\nHint: did you mean 'stop_l",
        ),
        ({"close": 1.0}, {}, "has a column 'close', which is not read; .*\nHint: leave it out"),
        ({"price": 1.0}, {}, "the frame of targets has price, and order is 'market'"),
        ({"limit": 1.0, "price": 1.0}, {"order": "limit"}, "the frame of targets has limit, and order is 'limit'"),
        ({"good_till": "2d"}, {}, "good_till of the signals is String; it must be lengths of time"),
        ({"good_till": 5}, {}, "good_till of the signals is Int"),
        ({"good_till": timedelta(0)}, {}, "a good_till that is not after its time"),
        ({"good_till": timedelta(1)}, {"good_till": "1d"}, "a column 'good_till', and good_till is given as well"),
        ({"time_in_force": "ioc"}, {"time_in_force": "fok"}, "a column 'time_in_force', and time_in_force is given"),
        ({"time_in_force": "moc"}, {}, "an unknown time_in_force in 2 row"),
        ({"exit_after": 3}, {"exit_after": 3}, "a column 'exit_after', and exit_after is given as well"),
        ({"exit_after": 1.5}, {}, "an exit_after that is no exit in 1 row.*first 0"),
        ({"exit_after": 0}, {}, "an exit_after that is no exit"),
        ({"exit_after": timedelta(0)}, {}, "an exit_after that is no exit"),
        ({"exit_after": "3d"}, {}, "exit_after is String; it must be a whole number of rows"),
        ({}, {"good_till": "soon"}, "good_till is 'soon', which is not a length of time"),
        ({}, {"good_till": 5}, "good_till is 5; it must be a length of time after the target"),
        ({}, {"good_till": timedelta(0)}, "good_till is datetime.timedelta"),
        ({}, {"good_till": "1d", "time_in_force": "day"}, "times, .* beside a time_in_force of sessions"),
    ],
)
def test_what_cannot_be_of_a_frame_is_told(frame, terms, said):
    with pytest.raises(StrategyError, match=said):
        run(RISING, bt.Signals(FRAME.with_columns(**{k: pl.lit(v) for k, v in frame.items()}), **terms))


@pytest.mark.parametrize("after", [-1, 0, 0.3, 2.5, float("nan"), float("inf"), timedelta(0), timedelta(seconds=-1)])
def test_an_expression_that_is_no_number_of_rows_is_told(after):
    """With the row and what it gives: half a row is neither two of them nor three."""
    with pytest.raises(StrategyError, match=r"an exit_after that is no exit in 1 row.*first 0: .*exit_after=") as told:
        run(RISING, bt.Signals(pl.lit(1.0), exit_after=pl.lit(after)))
    assert f"exit_after={after}" in str(told.value).lower()


def test_what_looks_ahead_to_leave_is_told():
    later = bt.Signals(pl.lit(1.0), exit_after=C.shift(-1) - 99, rebalance="on_change")
    assert any("looks ahead" in text for text in run(RISING, later).warnings)
