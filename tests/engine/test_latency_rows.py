"""Latencies of orders in files of hftbacktest: what a run then waits for, and what no file may say."""

from __future__ import annotations

import numpy as np
import pytest

import barter_bt as bt
from barter_bt.errors import DataError
from barter_bt.testing import run, schedule, trades

FIELDS = [(name, "i8") for name in ("req_ts", "exch_ts", "resp_ts", "_padding")]
S = 10**9


@pytest.fixture
def write(tmp_path):
    """A file of rows in seconds."""

    def written(name, *rows, fields=FIELDS, array="data"):
        table = np.array([(*(int(each * S) for each in row), 0)[: len(fields)] for row in rows], fields)
        np.savez(tmp_path / name, **{array: table})
        return tmp_path / f"{name}.npz"

    return written


def test_requests_and_answers_are_as_slow_as_the_last_that_was_measured(write):
    first = write("first", (10, 11, 13), (20, 24, 24.5))
    second = write("second", (30, 30.5, 33))
    latency = bt.Latency.from_hftbacktest(second, first, feed_ns="1s")
    assert latency.request_ns == bt.Delays(1, (S, 4 * S, S // 2), (10 * S, 20 * S, 30 * S))
    assert latency.response_ns == bt.Delays(1, (2 * S, S // 2, 5 * S // 2), (11 * S, 24 * S, 61 * S // 2))
    assert latency.feed_ns == S

    market = trades(*((at, 100, 9) for at in range(1, 61)))
    plan = schedule(*({"at": at, "buy": 1} for at in (5, 19, 20, 29, 40)))
    orders = run(market, plan, venues=bt.Venue(latency=bt.Latency.from_hftbacktest(first, second))).orders
    sent, arrived = (orders[name].to_physical() for name in ("time_sent", "time_exchange"))
    # before the first measurement the first holds; the request of 19 is as slow as that of 10
    assert ((arrived - sent) / S).to_list() == [1, 1, 4, 4, 0.5]


def test_steps_that_are_none_and_rows_of_one_time_are_one(write):
    latency = bt.Latency.from_hftbacktest(write("rows", (1, 2, 4), (1, 3, 5), (5, 7, 9), (9, 10, 12)))
    assert latency.request_ns == bt.Delays(1, (2 * S, S), (S, 9 * S))
    assert latency.response_ns == bt.Delays(1, (2 * S,), (2 * S,))


def test_what_the_exchange_refused_is_left_out_where_that_is_asked_for(write):
    path = write("rows", (1, 2, 3), (4, 0, 9), (8, 11, 12))
    with pytest.raises(DataError, match=r"rows.npz: row 1 has no exch_ts \(1 row\(s\)\)"):
        bt.Latency.from_hftbacktest(path)
    latency = bt.Latency.from_hftbacktest(path, leave_out_refused=True)
    assert latency.request_ns == bt.Delays(1, (S, 3 * S), (S, 8 * S))


def test_files_that_are_none(write):
    for rows, said in (
        ([(1, 2, 3), (5, 4, 9)], "row 1 has exch_ts before req_ts, 4000000000 and 5000000000 ns"),
        ([(1, 3, 2)], "row 0 has resp_ts before exch_ts"),
        ([], "no row of order latencies in"),
    ):
        with pytest.raises(DataError, match=said):
            bt.Latency.from_hftbacktest(write("bad", *rows))
    for layout in ({"fields": FIELDS[:2]}, {"array": "rows"}):
        with pytest.raises(DataError, match="no array 'data' with the fields req_ts, exch_ts, resp_ts"):
            bt.Latency.from_hftbacktest(write("other", (1, 2, 3), **layout))
    with pytest.raises(DataError, match="in no file"):
        bt.Latency.from_hftbacktest()


def test_what_is_no_archive_is_told(tmp_path):
    np.save(tmp_path / "bare.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text("req_ts,exch_ts,resp_ts")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    for name in ("bare.npy", "text.npz", "cut.npz"):
        with pytest.raises(DataError, match=f"{name} is no npz archive of order latencies"):
            bt.Latency.from_hftbacktest(tmp_path / name)
    with pytest.raises(DataError, match=r"missing.npz is no file"):
        bt.Latency.from_hftbacktest(tmp_path / "missing.npz")
