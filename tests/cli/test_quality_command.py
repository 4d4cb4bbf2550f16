"""barter-bt data quality: what it prints, the files it writes, what it refuses."""

from __future__ import annotations

import json

import polars as pl
import pytest

from barter_bt.cli import main
from barter_bt.data import Catalog, generate, trades


@pytest.fixture
def gappy(tmp_path):
    """Candles of which eleven are missing."""
    path = tmp_path / "candles.parquet"
    generate.candles(100).filter(pl.int_range(100).is_between(40, 50).not_()).write_parquet(path)
    return path


def test_the_table_of_findings(gappy, capsys):
    assert main(["data", "quality", str(gappy), "--kind", "candles"]) == 0
    printed = capsys.readouterr().out
    assert "1 finding(s) in 89 rows of" in printed
    assert "gap" in printed
    assert main(["data", "quality", str(gappy), "--kind", "candles", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (finding,) = told["findings"]
    assert (finding["check"], finding["row"], finding["worst"]) == ("gap", 40, 660.0)
    assert told["limits"]["max_gap"] == "1h"
    assert told["instruments"][0]["rows"] == 89


def test_limits_are_options(tmp_path, capsys):
    path = tmp_path / "trades.parquet"
    generate.trades(500).write_parquet(path)
    asked = ["data", "quality", str(path), "--kind", "trades"]
    assert main(asked) == 0
    assert capsys.readouterr().out.startswith("nothing odd in 500 rows of")
    assert main([*asked, "--max-gap", "20ms", "--outlier", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert "gap" in printed
    assert "outlier" in printed
    assert main([*asked, "--calendar", "XNYS"]) == 0
    assert "closed" in capsys.readouterr().out


def test_a_page_and_a_picture(gappy, tmp_path, capsys):
    page, picture = tmp_path / "page.html", tmp_path / "picture.png"
    asked = ["data", "quality", str(gappy), "--kind", "candles", "--page", str(page), "--picture", str(picture)]
    assert main(asked) == 0
    assert "candles: gap (1)" in page.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main([*asked[:-1], str(tmp_path / "nowhere" / "picture.png")]) == 2
    assert "directory" in capsys.readouterr().err


def test_repairs_are_told(tmp_path, capsys):
    path = tmp_path / "trades.parquet"
    generate.trades(50).reverse().write_parquet(path)
    assert main(["data", "quality", str(path), "--kind", "trades", "--repair", "sort"]) == 0
    assert capsys.readouterr().out.startswith("sorted: 49 row(s) repaired before this look\nnothing odd")


def test_books_with_errors_are_not_replayed(tmp_path, capsys):
    path = tmp_path / "book.parquet"
    made = generate.market(20).book
    made.with_columns(price=pl.when(pl.int_range(pl.len()) == 30).then(-1.0).otherwise("price")).write_parquet(path)
    assert main(["data", "quality", str(path), "--kind", "book"]) == 0
    printed = capsys.readouterr().out
    assert "not_positive" in printed
    assert "not looked for, as the rows of the books have errors: crossed, locked" in printed


def test_a_catalog(tmp_path, capsys):
    path = tmp_path / "catalog"
    rows = generate.trades(300, instruments=2)
    Catalog(path).add_stream(trades(rows), exchange="x")
    assert main(["data", "quality", str(path)]) == 0
    assert "nothing odd in 300 rows" in capsys.readouterr().out
    assert main(["data", "quality", str(path), "--instrument", "walk1_usd", "--kind", "trades"]) == 0
    own = rows.filter(pl.col("instrument") == "walk1_usd").height
    assert f"nothing odd in {own} rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["{bare}"], "--kind is missing: the columns of bare.csv (time, rate) are those of no kind"),
        ([], "a file to check is missing"),
        (["{empty}"], "is no catalog"),
        (["--kind", "trades"], "a file to check is missing"),
        (["{file}", "--kind", "candles", "--outlier", "0"], "outlier is 0.0; it must be positive"),
        (["{file}", "--kind", "candles", "--page", "page.txt"], "its name must end in .html"),
        (["{catalog}", "--time-unit", "ms"], "--time-unit has no effect on a catalog"),
        (["{catalog}", "--instrument", "b_usd"], "has no market data of b_usd"),
        (["{file}", "--kind", "trades", "--interval", "1m"], "but trades have no interval"),
    ],
)
def test_what_it_refuses(words, text, gappy, tmp_path, capsys):
    catalog = tmp_path / "catalog"
    Catalog(catalog).add_stream(trades(generate.trades(5, instruments=1)), exchange="x")
    (tmp_path / "bare.csv").write_text("time,rate\n")
    names = {"file": str(gappy), "catalog": str(catalog), "bare": str(tmp_path / "bare.csv")}
    names["empty"] = str(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    assert main(["data", "quality", *(word.format(**names) for word in words)]) == 2
    assert text in capsys.readouterr().err
