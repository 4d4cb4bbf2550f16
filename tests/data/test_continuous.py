"""Continuous futures and symbols that change: pure functions of the data, which know nothing of the future."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.data import continuous, contract_targets, front_contracts, rename_symbols
from barter_bt.errors import DataError
from tests.engine.tiny import S, run, stamps, trades

DAY = 86_400
NAMES = ("h", "m", "u", "z")
Adjust = Any


def market(rows: list[tuple[int, str, float, float]]) -> pl.DataFrame:
    """Candles that close after so many seconds: contract, price, volume."""
    frame = pl.DataFrame(rows, ["at", "instrument", "close", "volume"], orient="row")
    prices = {name: pl.col("close") for name in ("open", "high", "low")}
    return frame.select(stamps(frame["at"]).alias("time_exchange"), pl.exclude("at")).with_columns(**prices)


def ns(**days: float) -> dict[str, int]:
    return {name: round(day * DAY) * S for name, day in days.items()}


TWO = market([(day * DAY, name, 100.0 + day + 10 * (name == "m"), 5.0) for day in range(1, 9) for name in ("h", "m")])


def test_a_contract_is_in_front_until_some_days_before_its_expiry():
    """From that very time on it is the next one, and after the last nothing."""
    front = front_contracts(TWO, ns(h=6, m=8), "2d")
    assert front["contract"].to_list() == ["h"] * 3 + ["m"] * 2
    assert front_contracts(TWO, ns(h=6, m=9), "0d")["contract"].to_list() == ["h"] * 5 + ["m"] * 3


def test_a_roll_by_volume_looks_at_the_day_before():
    """The next one is traded more on day 3, which nobody knows before day 4; it does not roll back; h expires on 7."""
    volume = pl.when(pl.col("instrument") == "m").then(1.0).otherwise(5.0)
    more = pl.when((pl.col("instrument") == "m") & (pl.col("time_exchange") == stamps([3 * DAY])[0])).then(9.0)
    front = front_contracts(TWO.with_columns(volume=more.otherwise(volume)), ns(h=7, m=9), "volume")
    assert front["contract"].to_list() == ["h"] * 3 + ["m"] * 5
    front = front_contracts(TWO.with_columns(volume=volume), ns(h=7, m=9), "volume")
    assert front["contract"].to_list() == ["h"] * 6 + ["m"] * 2


@pytest.mark.parametrize(
    ("adjust", "anchor", "closes"),
    [
        ("none", "first", [101, 102, 113, 114]),
        ("difference", "first", [101, 102, 103, 104]),
        ("difference", "last", [111, 112, 113, 114]),
        ("ratio", "first", [101, 102, 113 * 102 / 112, 114 * 102 / 112]),
        ("ratio", "last", [101 * 112 / 102, 102 * 112 / 102, 113, 114]),
    ],
)
def test_gaps_are_those_of_the_last_closes_before(adjust, anchor, closes):
    """Of day 2, where h closed at 102 and m at 112."""
    four = TWO.filter(pl.col("time_exchange") <= stamps([4 * DAY])[0])
    series = continuous(four, ns(h=5, m=9), "2d", adjust=adjust, anchor=anchor)
    assert series["close"].to_list() == pytest.approx(closes)
    assert series["contract"].to_list() == ["h", "h", "m", "m"]


@st.composite
def markets(draw: st.DrawFn) -> tuple[pl.DataFrame, dict[str, int], str]:
    """Candles of up to four contracts, with gaps between, and a rule."""
    names = NAMES[: draw(st.integers(1, 4))]
    rows = [
        (hour * DAY // 4, name, float(draw(st.integers(50, 150))), float(draw(st.integers(0, 5))))
        for hour in range(1, draw(st.integers(2, 30)))
        for name in names
        if draw(st.integers(0, 9))
    ]
    ends = sorted(draw(st.lists(st.integers(1, 40), min_size=len(names), max_size=len(names), unique=True)))
    expiries = {name: end * DAY // 4 * S for name, end in zip(names, ends, strict=True)}
    return market(rows), expiries, draw(st.sampled_from(("0d", "1d", "6h", "volume")))


@settings(max_examples=150, deadline=None)
@given(markets(), st.sampled_from(("none", "difference", "ratio")), st.integers(0, 30))
def test_a_series_knows_nothing_of_the_future(drawn, adjust, cut):
    """The front never goes back and never expires; what came until a time gives what it gives with all that follows."""
    candles, expiries, roll = drawn
    if candles.is_empty():
        return
    front = front_contracts(candles, expiries, roll)
    numbers = [list(expiries).index(name) for name in front["contract"]]
    assert numbers == sorted(numbers)
    assert all(time < expiries[name] for time, name in zip(front["time"].to_physical(), front["contract"], strict=True))
    until = pl.col("time_exchange") <= stamps([cut * DAY // 4])[0]
    with suppress(DataError):  # a contract without a close before
        series = continuous(candles, expiries, roll, adjust=adjust)
        assert continuous(candles.filter(until), expiries, roll, adjust=adjust).equals(series.filter(until))
    raw = continuous(candles, expiries, roll)
    assert raw.select("time_exchange", "contract", "close").rows() == (
        candles.join(front, left_on=["time_exchange", "instrument"], right_on=["time", "contract"], how="inner")
        .sort("time_exchange")
        .select("time_exchange", contract="instrument", close="close")
        .rows()
    )


def test_targets_go_to_the_contract_in_front():
    """The one before is sold where the front changes; orders are those of real contracts."""
    data = [trades(*((day * DAY, 100 + day, 9) for day in range(1, 9)), instrument=name) for name in ("h", "m")]
    ends = ns(h=6, m=9)
    listed = [
        bt.Instrument("x", name, name, "usd", kind="future", expiry=ends[name], price_increment=1, quantity_increment=1)
        for name in ("h", "m")
    ]
    series = continuous(TWO, listed, "2d")
    rows = contract_targets(series.with_columns(target=pl.lit(2.0)))
    result = run(data, bt.Schedule(rows), listed)
    assert [(row["instrument"], row["side"], row["quantity"]) for row in result.trades.iter_rows(named=True)] == [
        ("h", "buy", 2),
        ("h", "sell", 2),
        ("m", "buy", 2),
    ]


@pytest.mark.parametrize(
    ("contracts", "says"),
    [({}, "there are no contracts"), ({"h": None}, "without an expiry: 'h'"), (ns(h=1, m=1), "expire at one time")],
)
def test_contracts_that_cannot_follow_one_another_are_refused(contracts, says):
    with pytest.raises(DataError, match=says):
        front_contracts(TWO, contracts)


def test_what_the_candles_lack_is_told():
    with pytest.raises(DataError, match="no column 'volume'"):
        front_contracts(TWO.drop("volume"), ns(h=6, m=8), "volume")
    with pytest.raises(DataError, match="two candles that close"):
        continuous(pl.concat([TWO, TWO]), ns(h=6, m=8))
    with pytest.raises(DataError, match="adjust is 'add'; allowed: none, difference, ratio"):
        continuous(TWO, ns(h=6, m=8), adjust="add")
    early = TWO.filter((pl.col("instrument") == "h") | (pl.col("time_exchange") >= stamps([4 * DAY])[0]))
    with pytest.raises(DataError, match="'m' follows 'h' .* without a close of both before"):
        continuous(early, ns(h=6, m=8), "2d", adjust="ratio")


@st.composite
def histories(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Rows of several instruments, called by what symbol was free; changes; and the last symbol of each row's own."""
    symbols, changes, rows = ["a", "b", "c"], [], []
    owned = dict(enumerate(symbols))
    for time in range(1, draw(st.integers(2, 20))):
        if draw(st.booleans()):
            who = draw(st.sampled_from(sorted(owned)))
            free = sorted(set("abcdef") - set(owned.values()))
            new = draw(st.sampled_from(free))
            changes.append((time, owned[who], new))
            owned[who] = new
        rows += [(time, owned[who], who) for who in owned if draw(st.booleans())]
    data = pl.DataFrame(rows, ["time_exchange", "instrument", "who"], orient="row")
    frame = pl.DataFrame(changes, ["time", "before", "after"], orient="row", schema_overrides={"time": pl.Int64})
    told = data.with_columns(pl.col("time_exchange").cast(pl.Datetime("ns", "UTC")))
    return told, frame.with_columns(pl.col("time").cast(pl.Datetime("ns", "UTC"))), [owned[who] for _, _, who in rows]


@settings(max_examples=150, deadline=None)
@given(histories())
def test_each_instrument_has_one_history_under_its_last_symbol(drawn):
    """Whatever symbols it had, and whoever had them before or has them afterwards."""
    data, changes, last = drawn
    if data.is_empty() or changes.is_empty():
        return
    found = rename_symbols(data, changes)
    assert found["instrument"].to_list() == last
    assert found["symbol"].to_list() == data["instrument"].to_list()
    assert found.drop("instrument", "symbol").equals(data.drop("instrument"))


def change(*rows: tuple[int, str, str]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, ["time", "before", "after"], orient="row")
    return frame.with_columns(stamps(frame["time"]).alias("time"))


def test_a_change_holds_from_its_time_on_and_rows_of_another_are_refused():
    """Until it says what became of that one."""
    data = pl.DataFrame({"time_exchange": stamps([1, 2, 3, 4]), "instrument": ["fb", "meta", "meta", "fb"]})
    with pytest.raises(DataError, match="1 row.s. of 'meta', first row 1, lie before the change") as caught:
        rename_symbols(data, change((3, "fb", "meta")))
    assert "from 'meta' to a name of its own" in str(caught.value.hint)
    named = rename_symbols(data, change((3, "fb", "meta"), (3, "meta", "metv")))["instrument"]
    assert named.to_list() == ["meta", "metv", "meta", "fb"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(1, "a", "a")], "changes nothing"),
        ([(1, "a", "b"), (1, "a", "c")], "'a' is given up twice"),
        ([(1, "a", "c"), (1, "b", "c")], "'c' is taken twice"),
    ],
)
def test_changes_that_cannot_be_are_refused(rows, says):
    data = pl.DataFrame({"time_exchange": stamps([1]), "instrument": ["a"]})
    with pytest.raises(DataError, match=says):
        rename_symbols(data, change(*rows))


def test_histories_follow_one_another():
    """Of all symbols of a chain the last counts."""
    data = pl.DataFrame({"time_exchange": stamps(range(1, 4)), "instrument": list("abc")})
    named = rename_symbols(data, change(*((at, *pair) for at, pair in zip((2, 3), pairwise("abc"), strict=True))))
    assert named["instrument"].to_list() == ["c"] * 3
