"""The command line, called as a function: what it prints, and its exit codes."""

import json
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest import run_directory
from barter_bt.cli import main
from barter_bt.data import generate
from barter_bt.errors import DataError, StrategyError
from tests.statistic.fakes import crossing_run


def test_a_backtest_is_saved_and_told(config, engine, tmp_path, capsys):
    out = tmp_path / "runs" / "demo"
    assert main(["backtest", str(config), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "Total return" in told
    assert str(out / "tearsheet.png") in told
    assert engine.result.digest in told
    assert engine.calls[0]["progress"] is True
    assert run_directory.read(out).manifest["digest"] == engine.result.digest


def test_options_reach_the_engine(config, engine, tmp_path):
    out = tmp_path / "a"
    assert main(["backtest", str(config), "--out", str(out), "--interpret", "--quiet", "--no-plot"]) == 0
    assert (engine.calls[0]["interpret"], engine.calls[0]["progress"]) == (True, None)
    assert not (out / "tearsheet.png").exists()


def test_json_is_one_object(config, engine, tmp_path, capsys):
    assert main(["backtest", str(config), "--out", str(tmp_path / "a"), "--json", "--no-plot"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["trades"] == 10
    assert told["digest"] == engine.result.digest


def test_a_benchmark_is_run_and_told_beside(config, engine, tmp_path, capsys):
    config.write_text(config.read_text() + '[record]\nevery = "1m"\n[benchmark]\nname = "buy_and_hold"\n')
    assert main(["backtest", str(config), "--out", str(tmp_path / "a"), "--quiet"]) == 0
    assert [type(call["strategy"]).__name__ for call in engine.calls] == ["Crossing", "Holding"]
    assert ["record" in call for call in engine.calls] == [True, False]
    assert "buy and hold" in capsys.readouterr().out.splitlines()[1]


def test_a_dry_run_runs_nothing(config, engine, tmp_path, capsys):
    assert main(["backtest", str(config), "--dry-run"]) == 0
    assert not engine.calls
    assert "xsim.walk_usd" in capsys.readouterr().out
    assert main(["backtest", str(config), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["strategy"] == "Crossing"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("usd = 10_000", "usd = 10_000\nusdd = 1"), "unknown asset 'usdd'"),
        (("walk_usd", "walks_usd"), "unknown instrument 'walk_usd'"),
        (('reporting = "usd"', 'reporting = "eur"'), "unknown asset 'eur'"),
    ],
)
def test_a_dry_run_refuses_what_a_run_does(config, engine, capsys, change, told):
    config.write_text(config.read_text().replace(*change))
    assert main(["backtest", str(config), "--dry-run"]) == 2
    assert told in capsys.readouterr().err


def test_warnings_of_the_run_go_to_stderr(config, engine, tmp_path, capsys):
    engine.result = replace(engine.result, warnings=["gap in the data"])
    main(["backtest", str(config), "--out", str(tmp_path / "a"), "--no-plot"])
    assert "warning: gap in the data" in capsys.readouterr().err


def test_an_interrupted_run_is_saved_as_partial(config, engine, tmp_path, capsys):
    engine.result = replace(engine.result, partial=True)
    config.write_text(config.read_text() + '[benchmark]\nname = "buy_and_hold"\n')
    assert main(["backtest", str(config), "--out", str(tmp_path / "a"), "--no-plot"]) == 130
    assert run_directory.read(tmp_path / "a").manifest["partial"] is True
    assert len(engine.calls) == 1
    assert "partial" in capsys.readouterr().err


def test_what_was_done_before_an_error_is_saved_as_partial(config, engine, monkeypatch, tmp_path, capsys):
    error = StrategyError("the strategy raised ValueError: mine", "its result is partial")
    error.result, error.__cause__ = replace(engine.result, partial=True), ValueError("mine")
    monkeypatch.setattr(sys.modules["barter_bt.backtest"], "backtest", raising(error))
    assert main(["backtest", str(config), "--out", str(tmp_path / "a"), "--no-plot"]) == 2
    assert run_directory.read(tmp_path / "a").manifest["partial"] is True
    told = capsys.readouterr().err
    assert "ValueError: mine" in told
    assert "marked as partial" in told


def raising(error):
    def run(**_):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DataError("trades.parquet: bad", "repair it"), 2, "error: trades.parquet: bad\nHint: repair it"),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written"),
        (ZeroDivisionError("oh"), 2, "test_cli.py, line"),  # in code that is not the package's
        (None, 1, "please report"),
    ],
)
def test_exit_codes(config, engine, monkeypatch, tmp_path, capsys, *, error, code, message):
    monkeypatch.setattr(sys.modules["barter_bt.backtest"], "backtest", raising(error) if error else None)
    assert main(["backtest", str(config), "--out", str(tmp_path / "a")]) == code
    told = capsys.readouterr().err
    assert message in told
    assert ("Traceback" in told) == (not isinstance(error, DataError | KeyboardInterrupt))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bogus"], "Unknown command"),
        (["backtest"], "CONFIG is missing: Configuration in TOML"),
        (["backtest"], "Hint: barter-bt backtest CONFIG; all there is: --help"),
        (["generate", "candles"], "--rows is missing: How many\nHint: barter-bt generate KIND --rows ROWS --out OUT;"),
        (["generate"], "KIND is missing: What to make (candles, trades, quotes)"),
        (["sweep", "x.toml"], "--set is missing: A parameter of the strategy and its values"),
        (["data", "check", "x.csv", "--kind"], "--kind has no value: What the rows are"),
        (["data", "check", "x.csv", "--kind", "bars"], "Hint: barter-bt data check --help"),
        (["data", "bogus"], "Hint: barter-bt data --help"),
        (["data", "check"], "a file to check is missing"),
        (["backtest", "x.toml", "--ot", "y"], "--out"),
        (["backtest", "no.toml", "--out", "x"], "no.toml cannot be read"),
        (["show", "no_such_run"], "does not exist"),
        (["generate", "candles", "--rows", "0", "--out", "x.csv"], "--rows is 0"),
        (["generate", "candles", "--rows", "1", "--out", "x.txt"], "must end in .parquet or .csv"),
        (["generate", "candles", "--rows", "1", "--out", "no_dir/x.csv"], "directory no_dir does not exist"),
        (["generate", "bars", "--rows", "1", "--out", "x.csv"], "bars"),
        (["data", "check", "no.parquet", "--kind", "trades"], "no.parquet does not exist"),
    ],
)
def test_bad_input_is_told_without_a_traceback(capsys, words, message):
    assert main(words) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert not told.out


@pytest.mark.parametrize("kind", ["candles", "quotes", "book_orders"])
def test_what_the_rows_are_their_columns_tell(tmp_path, capsys, kind):
    """An instrument may be said, or a column name it."""
    path = tmp_path / "rows.parquet"
    orders = {"time": [1], "action": ["add"], "order_id": [7], "side": [1], "price": [9.0], "amount": [1.0]}
    times = pl.col("time").cast(pl.Datetime("ns", "UTC"))
    rows = pl.DataFrame(orders).with_columns(times) if kind == "book_orders" else getattr(generate, kind)(50)
    rows.write_parquet(path)
    alone = [] if "instrument" in rows.columns else ["--instrument", "a_usd"]
    assert main(["data", "check", str(path), *alone]) == 0
    assert capsys.readouterr().out.startswith(f"read as {kind}\n")
    assert main(["data", "check", str(path), *alone, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == kind
    assert main(["data", "quality", str(path), *alone]) == 0
    assert capsys.readouterr().out.startswith(f"read as {kind}\n")


def test_columns_that_are_those_of_several_kinds(tmp_path, capsys):
    """Not where a column is renamed, or one of them is missing."""
    path = tmp_path / "rows.csv"
    generate.trades(50).rename({"amount": "volume"}).write_csv(path)
    words = ["data", "check", str(path), "--columns", "volume=amount"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "--kind is missing: the columns of rows.csv" in told
    assert "may be those of trades or book\nHint: say what the rows are: --kind trades" in told
    generate.trades(50).drop("side").rename({"amount": "volume"}).write_csv(path)
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("read as trades\n")


def test_what_the_rows_are_a_catalog_tells(tmp_path, capsys):
    catalog = tmp_path / "catalog"
    words = ["data", "check", str(catalog), "--instrument", "walk0_usd"]
    catalog.mkdir()
    assert main(words) == 2
    assert "is no catalog" in capsys.readouterr().err
    made = bt.Catalog(catalog)
    made.add_stream(bt.trades(generate.trades(5, instruments=1)), exchange="x")
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("read as trades\n")
    made.add_stream(bt.quotes(generate.quotes(5, instruments=1)), exchange="x")
    assert main(words) == 2
    assert "--kind is missing: there are quotes, trades of walk0_usd" in capsys.readouterr().err
    assert main([*words[:-1], "b_usd"]) == 2
    assert "--kind is missing: there is no market data of b_usd" in capsys.readouterr().err


def test_out_is_needed_to_run(config, engine, capsys):
    assert main(["backtest", str(config)]) == 2
    assert "--out is missing" in capsys.readouterr().err


def test_what_is_no_run_is_refused_before_the_run(config, engine, monkeypatch, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    monkeypatch.setattr("barter_bt.backtest.backtest", lambda *_, **__: pytest.fail("it has run"))
    assert main(["backtest", str(config), "--out", str(tmp_path / "mine"), "--quiet"]) == 2
    assert "is not a run directory, so it is not replaced" in capsys.readouterr().err


def test_show(tmp_path, capsys):
    run_directory.write(replace(crossing_run(300, 10), warnings=["late data"]), tmp_path / "a", partial=True)
    assert main(["show", str(tmp_path / "a")]) == 0
    shown = capsys.readouterr().out
    assert "(partial)" in shown
    assert "warning: late data" in shown
    assert main(["show", str(tmp_path / "a"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["trades"] == 10


def test_schema(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "barter-bt backtest"


@pytest.mark.parametrize("kind", ["candles", "trades", "quotes"])
def test_generated_data_is_good_data(tmp_path, capsys, kind):
    path = tmp_path / "x.parquet"
    assert main(["generate", kind, "--rows", "50", "--out", str(path), "--seed", "4"]) == 0
    assert pl.read_parquet(path).height == 50
    capsys.readouterr()
    assert main(["data", "check", str(path), "--kind", kind]) == 0
    assert capsys.readouterr().out == "no errors, no warnings\n"


def test_bad_data_is_told_with_exit_code_2(tmp_path, capsys):
    path = tmp_path / "x.csv"
    assert main(["generate", "trades", "--rows", "5", "--out", str(path)]) == 0
    frame = pl.read_csv(path).with_columns(price=pl.Series([1.0, -1.0, 1.0, 1.0, 1.0]))
    frame.write_csv(path)
    capsys.readouterr()
    assert main(["data", "check", str(path), "--kind", "trades"]) == 2
    assert "error: " in capsys.readouterr().out
    assert main(["data", "check", str(path), "--kind", "trades", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "not_positive"


def test_files_of_others_are_checked_with_names_zone_and_repairs(tmp_path, capsys):
    path = tmp_path / "daily.csv"
    path.write_text("Date,Open,High,Low,Close\n2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n2024-01-03,1,2,1,2\n")
    words = ["data", "check", str(path), "--kind", "candles", "--instrument", "a_usd", "--interval", "1d"]
    words += ["--columns", "Date=time_open", "--time-zone", "America/New_York"]
    assert main(words) == 2
    assert "equal to that of the candle before" in capsys.readouterr().out
    assert main([*words, "--repair", "sort", "drop_duplicates"]) == 0
    assert capsys.readouterr().out == "sorted: 0 row(s)\nduplicates: 1 row(s)\nno errors, no warnings\n"
    later = tmp_path / "later.csv"
    later.write_text("Date,Open,High,Low,Close\n2024-01-03,1,2,1,2\n")
    assert main(["data", "check", str(path), str(later), *words[3:], "--json", "--repair", "drop_duplicates"]) == 0
    assert json.loads(capsys.readouterr().out)["repairs"] == {"duplicates": 2}
    assert main([*words, "--columns", "Date"]) == 2
    assert "write the name in the file, =, and ours: Date=time_open" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["backtest", "--help"], []])
def test_help_and_version(capsys, words):
    assert main(words) == 0
    assert "barter-bt" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from barter_bt.cli import main; main(['--help']); "
        "print([name for name in ('numba', 'pyarrow', 'matplotlib', 'polars', 'numpy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.splitlines()[-1] == "[]"
