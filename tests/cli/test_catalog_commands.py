"""Commands about catalogs: what they print, and their exit codes."""

import json

import pytest

import barter_bt as bt
from barter_bt.cli import main
from barter_bt.data import IMPORTERS
from barter_bt.errors import DataError

DAY = "1,100.5,2,201,1704067200000,True,True\n2,100.6,1,100.6,1704067260000,False,True\n"


@pytest.fixture
def words(tmp_path):
    (tmp_path / "day.csv").write_text(DAY)
    path = str(tmp_path / "catalog")
    given = ["data", "import", "binance_spot_trades", str(tmp_path / "day.csv"), "--catalog", path]
    return [*given, "--exchange", "binance_spot", "--instrument", "btc_usdt"]


def test_files_are_imported_listed_shown_and_verified(words, tmp_path, capsys):
    catalog = str(tmp_path / "catalog")
    assert main(words) == 0
    assert "2 rows in 1 file(s) added" in capsys.readouterr().out
    assert main(words) == 0
    assert "day.csv: was imported before, skipped" in capsys.readouterr().out
    assert main(["data", "list", catalog]) == 0
    assert "btc_usdt" in capsys.readouterr().out
    assert main(["data", "list", catalog, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["data"]
    assert (found["kind"], found["rows"], found["files"]) == ("trades", 2, 1)
    assert main(["data", "show", catalog, "trades", "btc_usdt", "--start", "2024-01-01T00:01"]) == 0
    out = capsys.readouterr().out
    assert "1 trades of btc_usdt" in out
    assert "2024-01-01 00:01:00   100.6        1      1" in out
    assert main(["data", "verify", catalog]) == 0
    assert "1 file(s) are as they were written" in capsys.readouterr().out
    next(tmp_path.rglob("*.parquet")).unlink()
    assert main(["data", "verify", catalog, "--json"]) == 2
    assert "is missing" in json.loads(capsys.readouterr().out)["problems"][0]


def test_a_book_by_order_is_listed_and_shown(tmp_path, capsys):
    path, orders = str(tmp_path / "catalog"), bt.data.generate.market(20).orders
    bt.Catalog(path).add_stream(bt.data.book_orders(orders), exchange="x")
    (name,) = orders["instrument"].unique()
    assert main(["data", "list", path, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["data"]
    assert (found["kind"], found["rows"]) == ("book_orders", orders.height)
    assert main(["data", "show", path, "book_orders", name, "--rows", "2"]) == 0
    out = capsys.readouterr().out
    assert f"{orders.height} book_orders of {name}" in out
    assert "order_id" in out


def test_what_an_import_did_can_be_json(words, capsys):
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 2


def test_importers_are_listed_and_explained(capsys):
    assert main(["data", "importers"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(IMPORTERS)
    assert main(["data", "importers", "metatrader5_candles"]) == 0
    out = capsys.readouterr().out
    assert "needs --time-zone" in out
    assert IMPORTERS["metatrader5_candles"].quirks[0] in out
    assert main(["data", "importers", "--json"]) == 0
    assert {one["name"] for one in json.loads(capsys.readouterr().out)} == set(IMPORTERS)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"binance_spot_trades": "binance"}, "there is no importer 'binance'"),
        ({"btc_usdt": "=x"}, "--instrument has '=x'"),
        ({"--instrument": "--interval", "btc_usdt": "1m"}, "interval has no effect"),
    ],
)
def test_wrong_words_are_bad_input(words, change, text, capsys):
    assert main([change.get(word, word) for word in words]) == 2
    assert text in capsys.readouterr().err


def test_a_directory_that_is_no_catalog(tmp_path, capsys):
    for command in (["list"], ["verify"], ["show"]):
        rest = ["trades", "btc_usdt"] if command == ["show"] else []
        assert main(["data", *command, str(tmp_path), *rest]) == 2
        assert "is no catalog" in capsys.readouterr().err


def test_a_catalog_is_checked_as_a_run_reads_it(words, tmp_path, capsys):
    catalog = str(tmp_path / "catalog")
    assert main(words) == 0
    asked = ["data", "check", catalog, "--kind", "trades"]
    capsys.readouterr()
    assert main([*asked, "--instrument", "btc_usdt"]) == 0
    assert main([*asked, "--instrument", "btc_usdt", "--exchange", "kraken"]) == 2
    assert "no trades of 'btc_usdt' at kraken; there are those of btc_usdt at binance_spot" in capsys.readouterr().err
    for more, text in (
        ([], "--instrument is missing"),
        (["--instrument", "btc_usdt", "--time-unit", "ms"], "--time-unit has no effect on a catalog"),
    ):
        assert main([*asked, *more]) == 2
        assert text in capsys.readouterr().err
    assert main(["data", "check", words[3], "--kind", "trades", "--exchange", "x"]) == 2
    assert "is no catalog" in capsys.readouterr().err


@pytest.mark.parametrize(
    "last",
    ["00:05:00Z,100.0,1.0", "00:02:00Z,100.0,1.0", "00:01:00Z,100.0,1.0", "00:05:00Z,-1.0,1.0", "00:05:00Z,100.0,-1.0",
     "00:05:00Z,inf,1.0", "00:05:00Z,100.0,0.0", "00:05:00Z,,1.0", "00:05:00Z,100.0,"],
)  # fmt: skip
def test_what_the_command_refuses_a_run_refuses(last, tmp_path):
    """The file is the same, and so is the verdict, whatever the last of its rows is."""
    file = tmp_path / "trades.csv"
    times = ("00:00:00Z,100.0,1.0", "00:02:00Z,100.0,1.0")
    file.write_text("\n".join(["time_exchange,price,amount", *(f"2024-01-01T{one}" for one in (*times, last))]))
    code = main(["data", "check", str(file), "--kind", "trades", "--instrument", "a_usd"])
    never = bt.Compiled(lambda s, my: None, wake="trade")
    try:
        bt.backtest(
            bt.trades(file, instrument="a_usd"), bt.Instrument("x", "a_usd"), never, balances={"usd": 1}, interpret=True
        )
        refused = False
    except DataError:
        refused = True
    assert (code == 2) == refused
