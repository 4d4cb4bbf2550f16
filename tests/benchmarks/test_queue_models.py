"""Ghosts in the queues of a small share: their truth, what models make of it, and the page about both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import DataError
from benchmarks.queue_models.__main__ import PAGE, main
from benchmarks.queue_models.cancels import shares_ahead
from benchmarks.queue_models.compare import NEVER, figures, times_of, true_times
from benchmarks.queue_models.ghosts import NS, draw
from benchmarks.queue_models.lobster import book_frame, name_of, streams
from benchmarks.queue_models.models import MODELS, QUEUES, fills
from benchmarks.queue_models.page import BEGIN, END, tables, written
from benchmarks.queue_models.study import study
from benchmarks.queue_models.truth import Fate, fates
from tests.benchmarks.market import day, ghost, write_day
from tests.book.captures import shared_data

ENTERS, PART, GONE, TAKEN, HIDDEN = 1, 2, 3, 4, 5
WORKED = [
    (1, ENTERS, 1, 100, 9_900, 1),
    (10, ENTERS, 2, 200, 9_900, 1),
    (20, TAKEN, 1, 80, 9_900, 1),
    (30, TAKEN, 1, 20, 9_900, 1),
    (30, TAKEN, 2, 10, 9_900, 1),
    (40, TAKEN, 2, 50, 9_900, 1),
    (50, ENTERS, 3, 1, 9_800, 1),
]


def seconds(fate: Fate, of) -> list[tuple[float, int]]:
    return [((time - int(of.time[0])) / NS, shares) for time, shares in fate.fills]


@pytest.mark.parametrize("model", QUEUES)
def test_the_worked_case_of_a_queue_is_that_of_truth_and_models(model, tmp_path):
    """100 ahead, own 50, trades of 80, 30 and 50: fills of 0, 10 and 40."""
    of = day(tmp_path, WORKED)
    own = ghost(of, 5, 1, 9_900, 50)
    assert seconds(fates(of, own)[0], of) == [(30, 10), (40, 40)]
    found = fills("test", streams(of), QUEUES[model], own)
    assert found.select("ghost", "shares", "why").rows() == [(0, 10, "queue"), (0, 40, "queue")]
    assert times_of(found, own).tolist() == true_times(fates(of, own)).tolist()


def test_who_leaves_from_ahead_moves_a_ghost_forward_and_who_leaves_from_behind_does_not(tmp_path):
    ahead = [(20, PART, 1, 40, 9_900, 1), (21, GONE, 1, 60, 9_900, 1)]
    behind = [(20, GONE, 2, 200, 9_900, 1)]
    last = [(30, ENTERS, 3, 10, 9_900, 1), (40, TAKEN, 3, 10, 9_900, 1)]
    of = day(tmp_path, WORKED[:2] + ahead + last)
    assert seconds(fates(of, ghost(of, 5, 1, 9_900, 10))[0], of) == [(40, 10)]
    found = fates(of, ghost(of, 5, 1, 9_900, 10))[0]
    assert found.cancels == [(100, 200, 40, True), (60, 200, 60, True)]
    of = day(tmp_path, WORKED[:2] + behind)
    found = fates(of, ghost(of, 5, 1, 9_900, 10))[0]
    assert (found.fills, found.cancels, found.ahead) == ([], [(100, 200, 200, False)], 100)


@pytest.mark.parametrize(
    ("event", "whole", "by_volume"),
    [
        ((20, TAKEN, 901, 30, 9_800, 1), 50, 30),  # a bid that is worse
        ((20, HIDDEN, 0, 30, 9_850, 1), 50, 30),
        ((20, HIDDEN, 0, 30, 9_850, -1), 50, 30),
        ((20, HIDDEN, 0, 30, 9_900, 1), 30, 30),  # displayed orders come first
        ((20, HIDDEN, 0, 30, 9_900, -1), 30, 30),
        ((20, ENTERS, 5, 30, 9_890, -1), 30, 30),  # an offer would have met it
        ((20, HIDDEN, 0, 30, 9_950, 1), 0, 0),  # a better price than its own
        ((20, ENTERS, 5, 30, 9_910, -1), 0, 0),
        ((20, TAKEN, 902, 30, 10_200, -1), 0, 0),
        ((20, 6, 0, 30, 9_800, 1), 0, 0),  # an auction
        ((20, 7, 0, 0, -1, -1), 0, 0),  # a halt
    ],
)
def test_what_meets_a_ghost_that_stands_alone(event, whole, by_volume, tmp_path):
    of = day(tmp_path, [event, (30, ENTERS, 9, 1, 9_700, 1)])
    own = ghost(of, 5, 1, 9_900, 50)
    for truth, volume in ((whole, False), (by_volume, True)):
        assert sum(shares for _, shares in fates(of, own, by_volume=volume)[0].fills) == truth


def test_a_queue_that_is_not_one_of_price_and_time_is_noticed(tmp_path):
    of = day(tmp_path, [*WORKED[:2], (20, TAKEN, 2, 10, 9_900, 1)])
    found = fates(of, ghost(of, 5, 1, 9_900, 50))[0]
    assert (found.jumped, found.ahead) == (1, 100)


def test_the_book_is_that_of_the_file_behind_each_time(tmp_path):
    of = day(tmp_path, WORKED)
    books = bt.data.rebuild_books(bt.data.book(book_frame(of), instrument="test_usd"), levels=5)
    last = np.flatnonzero(np.append(of.time[1:] != of.time[:-1], True))
    assert books["time_exchange"].cast(pl.Int64).to_list() == of.time[last].tolist()
    for n in range(5):
        for name, prices, sizes in (("bid", of.bids, of.bid_sizes), ("ask", of.asks, of.ask_sizes)):
            there = sizes[last, n] > 0
            assert books[f"{name}_amount_{n + 1}"].fill_null(0.0).to_list() == sizes[last, n].tolist()
            assert books[f"{name}_price_{n + 1}"].drop_nulls().to_list() == (prices[last, n][there] / 10_000).tolist()


def test_ghosts_of_a_lane_are_never_there_together_and_come_when_nothing_happens(tmp_path):
    rng = np.random.default_rng(3)
    rows = [(float(s), ENTERS, k, 10, 9_900 - int(rng.integers(0, 9)), 1) for k, s in enumerate(range(1, 1_500, 2))]
    of = day(tmp_path, rows)
    one, again, other = draw(of, 3, 5), draw(of, 3, 5), draw(of, 3, 6)
    assert all((getattr(one, name) == getattr(again, name)).all() for name in ("time", "end", "side", "price", "size"))
    assert (one.time != other.time).any()
    assert len(one) == 3 * 7
    assert not np.isin(one.time, of.time).any()
    for lane in range(3):
        mine = one.lane == lane
        assert (one.time[mine][1:] > one.end[mine][:-1]).all()
    event = np.searchsorted(of.time, one.time) - 1
    for k in np.flatnonzero(one.side > 0):
        assert one.price[k] == of.bids[event[k], one.level[k]]
        assert one.ahead[k] == of.bid_sizes[event[k], one.level[k]]


def test_a_ghost_ends_when_five_better_levels_hide_its_price(tmp_path):
    rows = [(float(s), ENTERS, s, 10, 9_700 + (s > 500) * 100 + s // 10, 1) for s in range(1, 1_500)]
    of = day(tmp_path, rows)
    ghosts = draw(of, 4, 0)
    buys = np.flatnonzero(ghosts.side > 0)
    for k in buys:
        end = int(np.searchsorted(of.time, ghosts.end[k]))
        begins = int(np.searchsorted(of.time, ghosts.time[k]))
        assert (of.bids[begins:end, -1] <= ghosts.price[k]).all()
        assert of.bids[end, -1] > ghosts.price[k] or ghosts.end[k] == ghosts.time[k] + 60 * NS
    assert (ghosts.end[buys] < ghosts.time[buys] + 60 * NS).any()


def test_figures_of_fills_that_are_early_late_false_and_missed(tmp_path):
    """The mid is 100 until second 20 and 101 from then on."""
    of = day(
        tmp_path, [(20, GONE, 902, 500, 10_200, -1), (20, ENTERS, 5, 10, 10_400, -1), (900, ENTERS, 6, 1, 9_000, 1)]
    )
    five = [ghost(of, second, 1, 9_800, 50, until=100) for second in (1, 2, 3, 4, 5)]
    own = replace(five[0], **{n: np.concatenate([getattr(g, n) for g in five]) for n in vars(five[0])})

    def at(*list_):
        return np.array([NEVER if s is None else int(of.time[0]) + round(s * NS) for s in list_])

    found = figures(of, own, at(10, 10, 10, 10, None), at(10, 8, 14, None, 19.5))
    assert (found.ghosts, found.truly, found.filled, found.false, found.missed) == (5, 4, 4, 1, 1)
    assert (found.same, found.early, found.late) == (1 / 3, 1 / 3, 1 / 3)
    assert found.quantiles == pytest.approx(np.quantile([-2, 4], [0.05, 0.5, 0.95]))
    assert found.wait_s == pytest.approx((0 + 2 + 4 + 90 + 80.5) / 5)
    # Bought at 98: behind one second 200 cents, of the false fill 300; behind ten 300 cents but for the early one.
    assert found.bias == pytest.approx((225 - 200, (300 + 200 + 300 + 300) / 4 - 300))


def test_the_standard_error_is_that_of_two_minutes_as_one_observation(tmp_path):
    of = day(
        tmp_path, [(20, GONE, 902, 500, 10_200, -1), (20, ENTERS, 5, 10, 10_400, -1), (900, ENTERS, 6, 1, 9_000, 1)]
    )
    own = [ghost(of, second, 1, 9_800, 50, until=second + 50) for second in (1, 130, 260)]
    own = replace(own[0], **{n: np.concatenate([getattr(g, n) for g in own]) for n in vars(own[0])})
    truth = own.time + NS
    model = np.array([truth[0] + 18 * NS + NS // 2, truth[1], truth[2]])  # 20.5 s: a second later the mid is 101
    found = figures(of, own, truth, model)
    each = np.array([0.0, 50.0, 50.0])  # without the first there is no bias, without another it is half of 100
    assert found.bias[0] == pytest.approx(100 / 3)
    assert found.error[0] == pytest.approx(np.sqrt(2 / 3 * np.square(each - each.mean()).sum()))


def test_cancels_are_told_apart_by_place_and_those_without_doubt_are_left_out():
    fate = Fate(1, 0, cancels=[(90, 10, 20, True), (10, 90, 20, False), (0, 50, 5, False), (50, 0, 5, True)])
    rows = shares_ahead([fate])
    assert [(low, high, n) for low, high, n, _ in rows if n] == [(0.0, 0.2, 1), (0.8, 1.0, 1)]
    first, last = rows[0][3], rows[-1][3]
    assert (first["truth"], last["truth"]) == (0.0, 1.0)
    assert (first["conservative"], last["conservative"]) == (0.0, 0.5)  # of 20, only 10 could stand behind
    assert (first["power 1"], last["power 1"]) == pytest.approx((0.1, 0.9))


@st.composite
def queues(draw_):
    """Orders that come to three bids and leave again, and sales that take them in order of price and time."""
    alive: list[list[int]] = []  # order, shares, cents
    events, count = [], 0
    for second in range(2, draw_(st.integers(6, 30))):
        kind = draw_(st.sampled_from(["enter", "enter", "leave", "sell"]))
        if kind == "enter" or not alive:
            count += 1
            alive.append([count, draw_(st.integers(1, 40)), draw_(st.integers(9_897, 9_900))])
            events.append((second, ENTERS, count, alive[-1][1], alive[-1][2], 1))
        elif kind == "leave":
            order, shares, cents = alive.pop(draw_(st.integers(0, len(alive) - 1)))
            events.append((second, GONE, order, shares, cents, 1))
        else:
            left = draw_(st.integers(1, 60))
            for one in sorted(alive, key=lambda one: (-one[2], one[0])):
                taken = min(left, one[1])
                if taken:
                    events.append((second, TAKEN, one[0], taken, one[2], 1))
                one[1] -= taken
                left -= taken
            alive = [one for one in alive if one[1]]
    return events, draw_(st.integers(2, 20)) + 0.5, draw_(st.integers(9_897, 9_900)), draw_(st.integers(1, 60))


@settings(max_examples=25, deadline=None)
@given(queues())
def test_the_conservative_model_is_never_earlier_than_the_truth(tmp_path_factory, market):
    events, at, cents, size = market
    of = day(tmp_path_factory.mktemp("day"), [*events, (40, ENTERS, 999, 1, 9_700, 1)])
    own = ghost(of, at, 1, cents, size)
    truth = fates(of, own)
    model = times_of(fills("test", streams(of), QUEUES["conservative"], own), own)[0]
    assert truth[0].jumped == 0
    assert truth[0].ahead >= 0
    assert model == NEVER or NEVER < true_times(truth)[0] <= model


def test_the_page_gets_new_tables_between_its_marks_and_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for k in range(1_400):
        rows.append((1.0 + k, ENTERS, 10 + k, 100, 9_890 + int(rng.integers(0, 5)), 1))
        if k % 3 == 2:
            rows.append((1.5 + k, TAKEN if k % 2 else GONE, 10 + k, 100, rows[-1][4], 1))
    found = study(write_day(tmp_path, rows), lanes=2)
    page = written(f"before {BEGIN} old {END} after", [found])
    assert page.startswith(f"before {BEGIN}")
    assert page.endswith(f"{END} after")
    assert "old" not in page
    assert "## TEST, 2012-06-21" in tables(found)
    assert all(f"| {name} |" in page for name in ("conservative", "power 9", "logarithmic", "no queue, touch"))
    with pytest.raises(DataError, match="no place for tables"):
        written("a page without marks", [found])
    assert set(found.models) == set(MODELS)
    assert found.best(found.morning) in QUEUES


def test_the_page_that_is_kept_has_its_tables():
    text = PAGE.read_text("utf-8")
    assert "### Who leaves" in text[text.index(BEGIN) : text.index(END)]


def test_a_folder_without_samples_and_a_file_without_a_symbol_are_errors(tmp_path, capsys):
    assert main(["--data", str(tmp_path)]) == 1
    assert "there is no LOBSTER_SampleFile_*_5.zip" in capsys.readouterr().err
    with pytest.raises(DataError, match="no symbol and day"):
        name_of(Path("sample.zip"))


def test_in_a_real_day_the_queue_is_one_of_price_and_time_and_the_conservative_model_errs_late():
    found = study(shared_data("lobster", "LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"), lanes=3)
    assert sum(f.jumped for f in found.truth) == 0
    assert min(f.ahead for f in found.truth) >= 0
    conservative = found.compare("conservative")
    assert conservative.truly > 100
    assert conservative.false == 0
    assert conservative.same > 0.9
    assert conservative.wait_s < found.compare("no queue, through").wait_s / 5
