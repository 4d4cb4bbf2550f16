"""``barter-bt compare`` and ``barter-bt causality``, called as functions: what they print, and their exit codes."""

import json

import pytest

from barter_bt.backtest import Causality, run_directory
from barter_bt.backtest.causality import Finding
from barter_bt.backtest.divergence import Divergence
from barter_bt.cli import main
from tests.statistic.fakes import crossing_run


@pytest.fixture
def saved(tmp_path):
    """Directories of three runs, as words of a command."""
    runs = [crossing_run(3_000, 40, seed) for seed in (1, 2, 3)]
    return [str(run_directory.write(run, tmp_path / f"run_{k}")) for k, run in enumerate(runs)]


def test_two_runs_are_told_with_their_difference(saved, capsys):
    assert main(["compare", *saved[:2]]) == 0
    told = capsys.readouterr().out
    for words in ("run_0", "run_1", "Sharpe ratio", "Correlation of returns", "Memmel", "differ from", "only in run_1"):
        assert words in told


def test_a_run_and_itself_have_no_difference(saved, tmp_path, capsys):
    copy = str(run_directory.write(crossing_run(3_000, 40, 1), tmp_path / "copy"))
    assert main(["compare", saved[0], copy]) == 0
    assert "No difference between run_0 and copy" in capsys.readouterr().out


def test_three_runs_have_no_difference_but_tests(saved, capsys):
    assert main(["compare", *saved]) == 0
    told = capsys.readouterr().out
    assert "differ" not in told.replace("difference", "")
    assert "Correlation of returns" in told


def test_many_runs_are_figures_only(saved, tmp_path, capsys):
    for directory in tmp_path.iterdir():
        table = directory / "equity.parquet"
        table.write_bytes(bytes(table.stat().st_size))  # nothing reads it
    assert main(["compare", *(saved * 3)]) == 0
    assert "9 runs in usd" in capsys.readouterr().out
    assert main(["compare", "--json", *(saved * 3)]) == 0
    assert json.loads(capsys.readouterr().out)["correlation"] is None


def test_one_run_is_told_alone(saved, capsys):
    assert main(["compare", saved[0]]) == 0
    assert "Correlation" not in capsys.readouterr().out


def test_json_is_one_object(saved, capsys):
    assert main(["compare", *saved[:2], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in told["runs"]] == ["run_0", "run_1"]
    assert told["runs"][0]["summary"]["trades"] == 40
    assert 0 <= told["sharpe_tests"][0]["p_value"] <= 1
    assert told["difference"]["same"] is False
    assert set(told["difference"]["orders_only"]) == {"run_0", "run_1"}


@pytest.mark.parametrize(
    ("words", "message"),
    [(["compare"], "no runs to compare"), (["compare", "nowhere"], "does not exist"), (["causality"], "CONFIG")],
)
def test_bad_input_is_told(capsys, words, message):
    assert main(words) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert not told.out


@pytest.fixture
def checked(monkeypatch):
    """The calls of a causality check that returns ``checked.report``."""

    class Check:
        def __init__(self):
            self.calls = []
            self.report = Causality((1,), ())

        def __call__(self, **arguments):
            self.calls.append(arguments)
            return self.report

    made = Check()
    monkeypatch.setattr("barter_bt.backtest.check_causality", made)
    return made


def test_a_causal_strategy_is_told(config, checked, capsys):
    assert main(["causality", str(config), "--cuts", "9", "--interpret"]) == 0
    assert "Causality: ok" in capsys.readouterr().out
    assert (checked.calls[0]["n"], checked.calls[0]["interpret"]) == (9, True)
    assert type(checked.calls[0]["strategy"]).__name__ == "Crossing"


def test_a_leak_is_told_with_exit_code_2(config, checked, capsys):
    checked.report = Causality((1,), (Finding(1, Divergence("trades", 0, 1, "price", (1.0, None))),))
    assert main(["causality", str(config)]) == 2
    assert "price is 1.0 with the whole data, null without what came later" in capsys.readouterr().out
    assert main(["causality", str(config), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["findings"][0]["column"] == "price"
