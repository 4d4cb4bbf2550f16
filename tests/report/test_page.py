"""The page about a run: it needs nothing else, it loads, it says what the summary says."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from barter_bt.backtest.run_directory import read, write
from barter_bt.cli import main
from barter_bt.errors import ConfigError, EngineError
from barter_bt.report.page import facts, write_page
from barter_bt.statistic import FIGURES, summarise
from barter_bt.statistic.figure import show
from tests.statistic.fakes import FakeRun, crossing_run, equity_of

pytest.importorskip("bokeh", reason="the page needs Bokeh")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    run = crossing_run(6000, 60)
    return write_page(run, path, title="A <run>", benchmark=run.equity, manifest={"warnings": ["mind & see"]})


def test_the_page_needs_no_other_file_and_no_network(page):
    found = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(value for name, value in attrs if name in ("src", "href"))

    text = page.read_text("utf-8")
    parser = Links()
    parser.feed(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert found == ["data:,"]
    assert not re.search(r"<script[^>]*\ssrc=", text)
    assert len(text) < 3_000_000


def test_the_page_says_what_the_summary_says(page):
    text = page.read_text("utf-8")
    summary = summarise(crossing_run(6000, 60))
    for name in ("sharpe", "max_drawdown", "fees"):
        assert FIGURES[name].definition.replace("'", "&#39;").replace(">", "&gt;").replace("<", "&lt;") in text
    assert show(summary.total_return, "fraction") in text
    assert "A &lt;run&gt;" in text
    assert "mind &amp; see" in text
    assert "0" * 64 in text


@pytest.mark.parametrize("run", [FakeRun(), FakeRun(equity=equity_of([5.0]))], ids=["nothing", "one mark"])
def test_a_run_in_which_nothing_happened(run, tmp_path):
    assert "Every figure" in write_page(run, tmp_path / "a.html").read_text("utf-8")


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        write_page(FakeRun(), tmp_path / "no" / "a.html")


def test_figures_of_instruments_say_what_they_are_of(tmp_path):
    """Those of the run stand above them, and are others: of equity, with what is still open."""
    page = write_page(crossing_run(3000, 40), tmp_path / "a.html").read_text("utf-8")
    heading, _, rest = page.partition("<h2>By instrument</h2>")
    assert "1 fill " not in heading
    assert rest.startswith("<p>Of closed positions alone, and of the whole equity at the start.</p>")


def test_the_same_as_values():
    found = json.loads(json.dumps(facts(crossing_run(3000, 40))))
    assert found["summary"]["trades"] == 40
    assert {row["figure"] for row in found["definitions"]} == set(FIGURES)
    assert [row["instrument"] for row in found["by_instrument"]] == ["btc_usd"]
    assert {"drawdowns", "months", "intervals", "by_asset", "by_strategy"} <= set(found)


def test_the_command(tmp_path, capsys):
    directory = write(crossing_run(3000, 40), tmp_path / "mine")
    assert main(["report", str(directory), "--out", str(tmp_path / "r.html"), "--png", str(tmp_path / "r.png")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "r.html"), str(tmp_path / "r.png")]
    assert "<title>mine</title>" in (tmp_path / "r.html").read_text("utf-8")
    assert main(["report", str(directory), "--json", "--interval", "daily"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["interval"] == "daily"
    assert main(["report", str(directory)]) == 2
    assert "nothing to write" in capsys.readouterr().err


def test_figures_are_explained(capsys):
    assert main(["explain", "sharpe", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["source"] == "Sharpe (1994)"
    assert main(["explain", "sharp"]) == 2
    assert "did you mean 'sharpe'" in capsys.readouterr().err


def test_a_saved_run_can_be_asked_the_same(tmp_path):
    run = crossing_run(3000, 40)
    saved = read(write(run, tmp_path / "a", benchmark=run))
    assert saved.summary(sampling="1h") == summarise(run, sampling="1h")
    assert saved.figures_by("strategy")["strategy"].to_list() == ["main"]
    assert saved.benchmark_equity.equals(run.equity)
    assert saved.report(tmp_path / "b.html").is_file()


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_the_page_loads_without_a_word_of_error(page, tmp_path):
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={tmp_path}"]
    command = [BROWSER, *quiet, "--virtual-time-budget=20000", "--dump-dom", f"file://{page}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    told = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in told if "[bokeh" not in line or "error" in line.lower()]
    assert done.stdout.count("bk-Figure") >= 8, "the charts were drawn"


def test_a_full_disk_leaves_the_older_page(tmp_path, monkeypatch):
    """The newer one was cut when the disk was full."""
    page = write_page(crossing_run(300, 10), tmp_path / "report.html")
    older = page.read_text("utf-8")

    def cut(self, text, *_):
        self.write_bytes(text[:1000].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", cut)
    with pytest.raises(EngineError, match=r"report.html could not be written and is left as it was"):
        write_page(crossing_run(300, 20), tmp_path / "report.html")
    assert [each.read_text("utf-8") for each in tmp_path.iterdir()] == [older]
