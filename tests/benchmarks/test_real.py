"""Real files are read as they are described, from small ones of the same form."""

import gzip
import zipfile
from datetime import UTC, datetime

from benchmarks.real import gemini_frames, spy_frame, told


def test_quotes_and_trades_of_a_coin(tmp_path):
    book = [
        "time_seconds,bid_price_bid_size,ask_price_ask_size",
        "1625097600,10.5_1.5,10.6_2",
        "1625097601,10.6_1,10.6_2",
        "1625097602,10.7_1,10.6_2",
        "1625097603,10.5_0,10.6_2",
    ]
    tape = ["time_seconds,price,size,is_buyer_maker", "1625097600.647,10.5,0.25,1", "1625097600.989,10.6,0,0"]
    for name, lines in (("a__market-depth.csv.gz", book), ("a__trade.csv.gz", tape)):
        (tmp_path / name).write_bytes(gzip.compress("\n".join(lines).encode()))
    dropped: dict[str, int] = {}
    quotes, trades = gemini_frames(tmp_path, dropped)
    assert quotes.rows() == [(datetime(2021, 7, 1, tzinfo=UTC), 10.5, 1.5, 10.6, 2.0)]
    assert trades.rows() == [(datetime(2021, 7, 1, 0, 0, 0, 647_000, tzinfo=UTC), 10.5, 0.25, -1)]
    assert told(dropped) == "dropped rows: 1 empty, 1 crossed, 1 locked, 1 zero"


def test_trades_of_a_stock_in_local_time(tmp_path):
    rows = ["34200000,1674100,100,P,20002000,0", "34200001,1674200,5,P,2000,1", "34200002,1674300,0,P,2000,0"]
    with zipfile.ZipFile(tmp_path / "20131007_trade.zip", "w") as archive:
        archive.writestr("20131007_spy_Trade_Tick.csv", "\n".join(rows))
    dropped: dict[str, int] = {}
    frame = spy_frame(tmp_path, dropped)
    assert frame.rows() == [(datetime(2013, 10, 7, 13, 30, tzinfo=UTC), 167.41, 100.0)]
    assert dropped == {"zero": 1, "suspicious": 1}
