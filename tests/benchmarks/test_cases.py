"""Each job ends with its known answer, at a small size and interpreted: nothing is compiled here."""

import json

import pytest

from benchmarks import bars, books, catalog, event_engine, memory, overfitting, replay, sweep
from benchmarks.__main__ import main, peer_data
from benchmarks.cases import CASES, run_here
from benchmarks.measure import Job, Skipped, finish, judge
from benchmarks.peers import NEEDS
from benchmarks.peers import _answers as answers


@pytest.fixture(autouse=True)
def _interpreted(monkeypatch):
    monkeypatch.setenv("BARTER_BT_INTERPRET", "1")


def check(job: Job) -> None:
    result, parts = finish(job)
    told = judge(job.answer, result.orders.height - job.resting, float(result.equity["equity"][-1]))
    assert told["same_work"], told["same_work_reason"]
    assert parts["whole"] >= parts["run"] > 0


@pytest.mark.parametrize("latency", [None, replay.LATENCY])
def test_replay_of_trades(latency):
    check(replay.trades_job(20_000, latency=latency))


def test_replay_of_quotes_leaves_the_far_orders_alone():
    job = replay.quotes_job(10_000)
    check(job)
    orders = job.run().orders
    assert orders["status"].to_list()[: job.resting].count("open") == job.resting


def test_a_strategy_that_only_watches():
    check(replay.trades_job(2_000, replay.Watch()))


@pytest.mark.parametrize("arrays", [books.depth_arrays, books.order_arrays])
def test_books_that_nobody_trades_on(arrays):
    columns = arrays(2_000)
    job = books.idle_job(columns)
    check(job)
    assert job.run().state.instruments.bid[0] > 0


def test_average_cross_by_its_own_signals_and_by_shared_ones():
    n = 3_000
    answer = answers.sma_cross(bars.generate.candles_arrays(n)["close"], own_signals=False)
    assert answer.orders > 20
    check(bars.sma_job(n, bars.SmaCross(), answer))
    check(bars.sma_job(n, bars.Signals(bars.shared_targets(n)), answer))


def test_rebalance():
    check(bars.rebalance_job(64, 8))


@pytest.mark.parametrize("case", ["aggregate", "aggregate_one"])
def test_aggregation(case):
    (entry,) = run_here(case, 0.001)
    assert entry["same_work"], entry["same_work_reason"]
    assert entry["orders"] > 1


def test_the_event_engine():
    entries = event_engine.event_engine(0.001)
    assert [entry["case"].removeprefix("event_engine_") for entry in entries] == ["process", "json", "columns", "book"]
    assert all(entry["same_work"] for entry in entries)


def test_a_sweep_and_runs_of_its_sets():
    passed, whole = sweep.sweep(0.005)
    assert passed["same_work"], passed["same_work_reason"]
    assert passed["n"] == 5 * 2_000
    assert passed["final_equity"] == whole["final_equity"]


def test_sweeps_of_other_kinds():
    protected, whole = sweep.sweep_protected(0.005)
    assert protected["final_equity"] == whole["final_equity"]
    tenth, alone, many = sweep.sweep_many(0.001)
    assert tenth["final_equity"] == alone["final_equity"]
    assert many["n"] == 10 * tenth["n"] == 100 * 2_000
    (compiled,) = sweep.sweep_compiled(0.02)
    assert compiled["same_work"], compiled["same_work_reason"]


def test_overfitting():
    (entry,) = overfitting.overfitting(0.01)
    assert entry["same_work"], entry["same_work_reason"]
    assert entry["n"] == 12_870 * 20


def test_other_work_is_told():
    answer = answers.Answer(10, 100.0, 0.5, "why")
    assert judge(answer, 10, 100.4)["same_work"]
    assert not judge(answer, 9, 100.0)["same_work"]
    assert not judge(answer, 10, 100.6)["same_work"]
    assert judge(None, 10, 100.0) == {}


def test_json_of_a_case(tmp_path, capsys):
    file = tmp_path / "out.json"
    assert main(["--case", "replay_python", "--scale", "0.001", "--json", str(file)]) == 0
    (entry,) = json.loads(file.read_text())
    assert {"case", "n", "seconds", "rate", "peak_mb", "sum_seconds", "orders", "final_equity"} <= set(entry)
    assert (entry["case"], entry["n"], entry["orders"]) == ("replay_python", 1_000, 0)
    assert "replay_python" in capsys.readouterr().out


def test_a_case_that_cannot_run_is_an_entry(monkeypatch, tmp_path):
    monkeypatch.setenv("BARTER_BT_SHARED_DATA", str(tmp_path))
    (entry,) = run_here("gemini")
    assert "gemini" in entry["skipped"]

    def fails(scale):
        raise ValueError("of some kind")

    monkeypatch.setattr(replay, "replay_python", fails)
    assert run_here("replay_python") == [{"case": "replay_python", "error": "ValueError: of some kind"}]
    assert issubclass(Skipped, Exception)


def test_peers_get_the_data_of_our_cases():
    assert set(NEEDS) <= set(CASES)
    data = peer_data({name for needed in NEEDS.values() for name in needed}, 0.0001)
    assert set(data) == {"candles", "trades", "quotes", "panel", "returns"}
    ours = bars.generate.trades(1_000)["side"].to_numpy()
    assert (data["trades"]["side"] == (ours < 0)).all()


def test_streamed_runs_are_of_data_that_goes_on_in_time(tmp_path):
    path = tmp_path / "trades.parquet"
    memory.write_parquet(path, 2_000, 3)
    entry = memory.streamed(path, 3 * answers.EVERY)
    assert (entry["n"], entry["orders"]) == (6_000, 2)
    assert entry["journals_mb"] > 0


def test_rows_that_go_into_a_catalog_come_out_of_a_streamed_run(tmp_path):
    catalog.write_csv(tmp_path / "a.csv", 500)
    kept = catalog.Catalog(tmp_path / "kept")
    kept.add("binance_spot_trades", tmp_path / "a.csv", exchange="simulated", instrument=catalog.NAME)
    polars, ours, chunks = catalog._scans(kept, 500)
    assert ours["share"] == ours["rate"] / polars["rate"]
    assert chunks["n"] == 500
    assert catalog._opened(kept)["n"] == catalog.FILES
    catalog.fill(tmp_path / "long", 300, 2)
    assert catalog.streamed(tmp_path / "long")["n"] == 2 * 2 * 300
