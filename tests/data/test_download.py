"""Downloads, from a server on this machine: what is there is whole and right, and nothing is fetched twice."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from barter_bt.cli import main
from barter_bt.data import Catalog, download
from barter_bt.data.download import KINDS
from barter_bt.data.importers import IMPORTERS
from barter_bt.errors import ConfigError, ConnectionFailed, DataError, MissingPackageError
from tests.killing import Killed, kill_at

pytest.importorskip("aiohttp")
FOLDER = "data/spot/daily/trades/BTCUSDT"
LINE = "1,100.5,2,201,{},True,True\n"
DAY_MS, START_MS = 86_400_000, 1_704_067_200_000
DAYS = ("2024-01-01", "2024-01-02")
ASKED = ("binance_spot_trades", "BTCUSDT", "2024-01-01", "2024-01-04")


def put(root, name, content, told=None):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_name(path.name + ".CHECKSUM").write_text(f"{told or hashlib.sha256(content).hexdigest()}  {path.name}\n")


@pytest.fixture
def server(tmp_path):
    """A host with two days of trades, and the paths that it was asked for."""
    import io
    import zipfile

    root = tmp_path / "host"
    for n, day in enumerate(DAYS):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"BTCUSDT-trades-{day}.csv", LINE.format(START_MS + n * DAY_MS))
        put(root, f"{FOLDER}/BTCUSDT-trades-{day}.zip", packed.getvalue())
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(root))

        def log_request(self, code="-", size="-"):
            asked.append(self.path.rpartition("/")[2])

        def log_message(self, *arguments):
            pass

    host = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{host.server_port}", asked, root
    host.shutdown()
    thread.join()
    host.server_close()


def test_what_is_fetched_is_imported_and_nothing_is_fetched_twice(server, tmp_path):
    host, asked, _ = server
    found = download(*ASKED, tmp_path / "raw", host=host)
    assert [path.name for path in found.files] == [f"BTCUSDT-trades-{day}.zip" for day in DAYS]
    assert (found.fetched, found.kept, found.missing) == (2, 0, ("BTCUSDT-trades-2024-01-03.zip",))
    catalog = Catalog(tmp_path / "catalog")
    added = catalog.add("binance_spot_trades", *found.files, exchange="binance_spot", instrument="btc_usdt")
    assert added.rows == 2
    assert all("its SHA-256 is that of" in note for note in added.notes)
    asked.clear()
    again = download(*ASKED, tmp_path / "raw", host=host)
    assert (again.files, again.fetched, again.kept) == (found.files, 0, 2)
    assert asked == ["BTCUSDT-trades-2024-01-03.zip.CHECKSUM"], "only what was not there is asked for"


def test_what_was_changed_here_is_fetched_again_and_what_lacks_a_checksum_is_compared(server, tmp_path):
    host, asked, _ = server
    found = download(*ASKED, tmp_path / "raw", host=host)
    found.files[0].write_bytes(b"cut off")
    found.files[1].with_name(found.files[1].name + ".CHECKSUM").unlink()
    asked.clear()
    again = download(*ASKED, tmp_path / "raw", host=host)
    assert (again.fetched, again.kept) == (1, 1)
    assert f"BTCUSDT-trades-{DAYS[1]}.zip" not in asked


@pytest.mark.parametrize(("told", "text"), [("0" * 64, "what arrived has the SHA-256"), ("<html>", "is no checksum")])
def test_what_is_not_as_told_is_not_kept(server, tmp_path, told, text):
    host, _, root = server
    name = f"{FOLDER}/BTCUSDT-trades-{DAYS[1]}.zip"
    put(root, name, (root / name).read_bytes(), told)
    with pytest.raises(DataError, match=text):
        download(*ASKED, tmp_path / "raw", host=host)
    left = sorted(path.name for path in (tmp_path / "raw").iterdir())
    assert left == [f"BTCUSDT-trades-{DAYS[0]}.zip", f"BTCUSDT-trades-{DAYS[0]}.zip.CHECKSUM"]


def test_killed_at_any_time_nothing_is_half_written(server, tmp_path):
    host, _, root = server
    finished = k = 0
    while not finished:
        folder = tmp_path / f"raw{k}"
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, k, when=lambda source, own=str(folder): source.startswith(own))
            try:
                download(*ASKED, folder, host=host)
                finished = True
            except Killed:
                pass
        for path in folder.glob("BTC*.zip"):
            assert path.read_bytes() == (root / FOLDER / path.name).read_bytes()
        assert download(*ASKED, folder, host=host).missing == ("BTCUSDT-trades-2024-01-03.zip",)
        k += 1
    assert k > 4


def test_without_a_network_it_is_told(tmp_path):
    with pytest.raises(
        ConnectionFailed, match=r"http://127\.0\.0\.1:9/.*CHECKSUM|could not be fetched.*\nHint: is this ma"
    ):
        download(*ASKED, tmp_path / "raw", host="http://127.0.0.1:9")
    assert not list((tmp_path / "raw").iterdir())


def test_an_exchange_that_has_none_of_it(server, tmp_path):
    with pytest.raises(DataError, match=r"has none of 3 file\(s\).*\nHint: is 'btcusdt' the exchange's symbol, in cap"):
        download("binance_spot_trades", "btcusdt", "2024-01-01", "2024-01-04", tmp_path / "raw", host=server[0])


def test_paths_are_those_of_the_exchange(tmp_path):
    from barter_bt.data.download import _names

    def first(*asked, interval=None, by="day"):
        return next(iter(_names(*asked, interval, by)))

    assert first("binance_usdm_klines", "ETHUSDT", "2024-02-29", "2024-03-01", interval="1h") == (
        "data/futures/um/daily/klines/ETHUSDT/1h/ETHUSDT-1h-2024-02-29.zip"
    )
    months = list(_names("binance_coinm_funding", "BTCUSD_PERP", "2023-11-01", "2024-02-01", None, "month"))
    assert months == [
        f"data/futures/cm/monthly/fundingRate/BTCUSD_PERP/BTCUSD_PERP-fundingRate-{month}.zip"
        for month in ("2023-11", "2023-12", "2024-01")
    ]
    assert set(KINDS) <= set(IMPORTERS)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kind": "binance_spot_trade"}, "cannot be downloaded.*\nHint: did you mean 'binance_spot_trades'"),
        ({"interval": "1m"}, "interval is '1m', and binance_spot_trades has none"),
        ({"kind": "binance_spot_klines"}, "interval is needed"),
        ({"kind": "binance_usdm_funding"}, "by is 'day'; allowed for binance_usdm_funding: 'month'"),
        ({"end": "2024-01-01"}, "no day lies between"),
        ({"by": "month"}, "of months both must be first days"),
        ({"start": "January"}, "start is 'January', which is no day"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_fetched(tmp_path, change, text):
    asked = {"kind": ASKED[0], "symbol": ASKED[1], "start": ASKED[2], "end": ASKED[3], "into": tmp_path / "raw"}
    with pytest.raises(ConfigError, match=text):
        download(**asked | change)
    assert not (tmp_path / "raw").exists()


def test_the_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingPackageError, match=r'pip install "barter-bt\[live\]"'):
        download(*ASKED, tmp_path / "raw")


def test_the_command(server, tmp_path, capsys):
    words = ["data", "download", *ASKED[:2], "--start", ASKED[2], "--end", ASKED[3], "--into", str(tmp_path / "raw")]
    assert main([*words, "--host", server[0]]) == 0
    out = capsys.readouterr().out
    assert "BTCUSDT-trades-2024-01-03.zip: the exchange does not have it" in out
    assert "2 file(s) fetched, 0 were there" in out
    assert main([*words, "--host", server[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 2
    words[7] = "2024-01-05"
    assert main([*words, "--host", "http://127.0.0.1:9"]) == 2
    assert "is this machine online?" in capsys.readouterr().err
