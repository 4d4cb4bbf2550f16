"""Targets that bear opens: what the thorough look finds, by sets; and what the quick look vouches for."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import Stream, candles
from barter_bt.data.schema import TIME
from barter_bt.strategy import bearing, stamps
from tests.draws import draws

NAMES = ("a_usd", "b_usd", "c_usd")
DENSE = 3  # in place of 20, so that small examples reach it
Row = tuple[int, int, str]


@st.composite
def series(draw: st.DrawFn, name: str) -> list[Row]:
    """Candles of one instrument, in order: one after the other, or with gaps between them."""
    if draw(st.booleans()):
        opens = list(range(draw(st.integers(0, 9))))
    else:
        opens = draw(st.lists(st.integers(0, 30), max_size=9, unique=True).map(sorted))
    ends = [*opens[1:], 40][: len(opens)]
    return [(o, draw(st.sampled_from(sorted({o + 1, end}))), name) for o, end in zip(opens, ends, strict=True)]


@st.composite
def markets(draw: st.DrawFn) -> list[list[Row]]:
    """Rows of one stream or two."""
    made = []
    for _ in range(draw(st.integers(1, 2))):
        rows = sorted(
            (row for name in NAMES[: draw(st.integers(1, 3))] for row in draw(series(name))), key=lambda row: row[1]
        )
        made.append(draw(st.permutations(rows)) if draw(st.integers(0, 9)) == 0 else rows)
    return made


@st.composite
def wishes(draw: st.DrawFn, market: list[list[Row]]) -> list[tuple[int, str]]:
    """Targets at all opens, or all closes, of an instrument but for some; and some at any time."""
    rows = [row for stream in market for row in stream]
    chosen: set[tuple[int, str]] = set()
    for name in NAMES:
        which = draw(st.sampled_from((0, 1, None)))
        if which is not None:
            times = sorted({row[which] for row in rows if row[2] == name})
            chosen |= {(time, name) for time in times[draw(st.integers(0, 2)) :]}
    some = draw(st.sets(st.sampled_from(sorted(chosen)), max_size=2)) if chosen else set()
    more = draw(st.sets(st.tuples(st.integers(0, 41), st.sampled_from(NAMES)), max_size=1))
    return sorted((chosen - some) | more) or [(0, "a_usd")]


def stream_of(rows: list[Row], text: bool) -> Stream:
    """A stream without checks: what is found must not depend on the order of rows."""
    opened, closed, names = zip(*rows, strict=True) if rows else ((), (), ())
    frame = pl.DataFrame(
        {
            "time_open": pl.Series(opened, dtype=pl.Int64).cast(TIME),
            "time_exchange": pl.Series(closed, dtype=pl.Int64).cast(TIME),
            "instrument": pl.Series(names, dtype=pl.String if text else pl.Enum(["z_usd", *reversed(NAMES)])),
        }
    )
    prices = [pl.lit(1.0).alias(name) for name in ("open", "high", "low", "close")]
    return candles(frame.with_columns(*prices), validate=False)


def found_by_sets(market: list[list[Row]], targets: set[tuple[int, str]]) -> list[Row]:
    """What :func:`stamped_with_opens` says it finds."""
    rows = [row for stream in market for row in stream]
    found = []
    for name in NAMES:
        own = [row for row in rows if row[2] == name]
        if not own or not any(each == name for _, each in targets):
            continue
        first_open, last_close = min(row[0] for row in own), max(row[1] for row in own)
        first_target = min(time for time, each in targets if each == name)
        closes = {closed for _, closed, _ in own}
        borne = [row for row in own if (row[0], name) in targets and row[0] > first_open]
        asked = sum(row[0] >= first_target for row in own)
        dense = len(borne) >= max(asked - 1, DENSE) and (last_close, name) not in targets
        found += [row for row in borne if dense or row[0] not in closes]
    return found


@given(st.data(), markets(), st.booleans())
@settings(max_examples=draws(200))
def test_what_is_found_and_what_is_vouched_for(data: st.DataObject, market: list[list[Row]], text: bool) -> None:
    """The thorough look finds what its words say; the quick one never vouches for targets in which it finds any."""
    wanted = data.draw(wishes(market))
    frame = pl.DataFrame(wanted, schema={"time": pl.Int64, "instrument": pl.String}, orient="row")
    targets = frame.with_columns(pl.col("time").cast(TIME))
    streams = [stream_of(rows, text) for rows in market]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamps, "_DENSE", DENSE)
        patch.setattr(stamps, "_FEW", data.draw(st.sampled_from((5, 100))))
        patch.setattr(bearing, "_SEARCHES", data.draw(st.sampled_from((0, 100))))  # each time is searched for, or none
        patch.setattr(bearing, "_ROOM", data.draw(st.sampled_from((0, 100))))
        found = stamps.stamped_with_opens(targets, streams)
        vouched = stamps.bear_no_opens(targets, streams)
        patch.setattr(stamps, "_TAIL", data.draw(st.sampled_from((3, 12, 100))))
        plainly = stamps.plainly_bear_no_opens(targets, streams)
    columns = pl.col("time", "time_exchange").to_physical()
    assert sorted(found.select(columns, "instrument").rows()) == sorted(found_by_sets(market, set(wanted)))
    assert found["time"].is_sorted()
    assert not (vouched and len(found))
    assert not (plainly and len(found))


@pytest.mark.parametrize("every", [1, 3, 7])
@pytest.mark.parametrize("shift", [0, 1])
def test_targets_at_closes_are_vouched_for_without_a_thorough_look(every: int, shift: int) -> None:
    """Around the clock, in sessions (a gap after each candle), and for an instrument that ends early."""
    rows = [(2 * k, 2 * k + 2 - shift, name) for k in range(60) for name in NAMES if (k, name) < (40, "c_usd")]
    wanted = [(closed, name) for _, closed, name in rows][::every]
    frame = pl.DataFrame(wanted, schema={"time": pl.Int64, "instrument": pl.String}, orient="row")
    assert stamps.bear_no_opens(frame.with_columns(pl.col("time").cast(TIME)), [stream_of(rows, False)])


@pytest.mark.parametrize("every", [1, 3, 7])
@pytest.mark.parametrize("names", [NAMES[:1], NAMES])
def test_of_candles_without_gaps_the_last_ones_tell(every: int, names: tuple[str, ...]) -> None:
    """Around the clock: where targets end before the candles, two opens are free; and no more is told over a gap."""
    rows = [(k, k + 1, name) for k in range(60) for name in names]
    wanted = [(closed, name) for _, closed, name in rows[: -3 * len(names)]][::every]
    frame = pl.DataFrame(wanted, schema={"time": pl.Int64, "instrument": pl.String}, orient="row")
    targets = frame.with_columns(pl.col("time").cast(TIME))
    assert stamps.plainly_bear_no_opens(targets, [stream_of(rows, False)])
    assert not stamps.plainly_bear_no_opens(targets, [stream_of([row for row in rows if row[0] != 30], False)])
    borne = [row for row in rows if row[0] < 57]  # the last opens at 56, when a candle closes
    assert stamps.plainly_bear_no_opens(targets, [stream_of(borne, False)]) is (every not in (1, len(names)))


@pytest.mark.parametrize(("targets", "found"), [(19, 0), (20, 20)])
def test_targets_at_twenty_opens_in_a_row_are_no_chance(targets: int, found: int) -> None:
    """Around the clock, from the second open on: they could be closes of the candles before."""
    rows = [(k, k + 1, "a_usd") for k in range(targets + 1)]
    wanted = pl.DataFrame({"time": range(1, targets + 1), "instrument": "a_usd"}).with_columns(
        pl.col("time").cast(TIME)
    )
    streams = [stream_of(rows, True)]
    assert stamps.stamped_with_opens(wanted, streams).height == found
    assert stamps.bear_no_opens(wanted, streams) is (not found)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 2, "b_usd"), (1, 10, "a_usd"), (3, 11, "c_usd"), (5, 12, "b_usd")],  # no candle opens as another closes
        [(0, 2, "a_usd"), (0, 2, "b_usd"), (5, 6, "a_usd"), (5, 7, "b_usd")],  # two open at one time
    ],
)
def test_a_target_at_an_open_is_found_beside_other_candles(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where times are searched for among the candles, not candles among the targets."""
    monkeypatch.setattr(bearing, "_SEARCHES", 0)
    streams = [stream_of(rows, True)]
    wanted = pl.DataFrame({"time": [5], "instrument": "b_usd"}).with_columns(pl.col("time").cast(TIME))
    assert not stamps.bear_no_opens(wanted, streams)
    assert stamps.stamped_with_opens(wanted, streams).height == 1
