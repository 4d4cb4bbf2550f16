"""Files of brokers and collections of currencies: histdata.com, MetaTrader."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.parsing import FLOAT, TEXT, content, local_time, table

_OHLC = {"open": FLOAT, "high": FLOAT, "low": FLOAT, "close": FLOAT}
_EST = "Etc/GMT+5"  # five hours behind UTC all year
_FIXED = "times are Eastern Standard Time all year, without daylight saving: five hours behind UTC"


def _histdata_m1(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"time": TEXT, **_OHLC, "volume": FLOAT}, header="never", separator=";")
    opened = local_time(pl.col("time"), "%Y%m%d %H%M%S", _EST)
    return Imported(
        rows.select(*_OHLC, "volume", time_exchange=opened + pl.duration(minutes=1, time_unit="ns"), time_open=opened)
    )


def _histdata_ticks(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"time": TEXT, "bid": FLOAT, "ask": FLOAT, "volume": FLOAT}, header="never")
    text = pl.concat_str(pl.col("time").str.slice(0, 15), pl.lit("."), pl.col("time").str.slice(15))
    there = pl.lit(asked.amount, pl.Float64)
    frame = rows.select(
        time_exchange=local_time(text, "%Y%m%d %H%M%S%.f", _EST),
        bid_price=pl.col("bid"), bid_amount=there, ask_price=pl.col("ask"), ask_amount=there,
    )  # fmt: skip
    return Imported(frame, (f"an amount of {asked.amount} was put on both sides of each quote, as asked",))


def _metatrader4(path: Path, asked: Asked) -> Imported:
    rows = table(path, {"date": TEXT, "time": TEXT, **_OHLC, "volume": FLOAT}, header="never")
    text = pl.concat_str("date", pl.lit(" "), "time")
    assert asked.time_zone is not None, "it is needed"
    at = local_time(text, "%Y.%m.%d %H:%M", asked.time_zone).alias("time_open")
    return Imported(rows.select(at, *_OHLC, "volume"))


def _metatrader5(path: Path, asked: Asked) -> Imported:
    named = {f"<{name.upper()}>": dtype for name, dtype in _OHLC.items()}
    rows = table(
        path, {"<DATE>": TEXT, **named, "<TICKVOL>": FLOAT, "<VOL>": FLOAT}, header="names", separator="\t"
    )  # fmt: skip
    whole = table(path, {"<TIME>": TEXT}, header="names", separator="\t") if _has_time(path) else None
    clock = whole["<TIME>"] if whole is not None else pl.repeat("00:00:00", rows.height, eager=True, dtype=pl.String)
    traded = bool((rows["<VOL>"] > 0).any())
    assert asked.time_zone is not None, "it is needed"
    text = pl.concat_str("<DATE>", pl.lit(" "), "clock")
    frame = rows.with_columns(clock.alias("clock")).select(
        local_time(text, "%Y.%m.%d %H:%M:%S", asked.time_zone).alias("time_open"),
        *(pl.col(f"<{name.upper()}>").alias(name) for name in _OHLC),
        pl.col("<VOL>" if traded else "<TICKVOL>").alias("volume"),
    )
    return Imported(frame, () if traded else ("volume is the number of ticks: <VOL> is 0 in all rows",))


def _has_time(path: Path) -> bool:
    """Daily bars are exported without a column of times."""
    return b"<TIME>" in content(path)[:1000]


_HISTDATA = "histdata.com/?p=21 (specification of its files), looked at 2026-11-27"
_SERVER = (
    "times are those of the broker's server and tell no zone: give time_zone (often two or three hours before UTC)"
)
IMPORTERS = [
    Importer(
        "histdata_m1", "candles", "YYYYMMDD HHMMSS;open;high;low;close;volume", _HISTDATA,
        (_FIXED, "prices are bids: an ask is not in the file", "volume is 0 always", "a candle is stamped at its open"),
        _histdata_m1,
    ),
    Importer(
        "histdata_ticks", "quotes", "YYYYMMDD HHMMSSNNN,bid,ask,volume", _HISTDATA,
        (_FIXED, "there are no amounts: give amount, what stands at each quote"), _histdata_ticks,
        ("amount",), ("amount",),
    ),
    Importer(
        "metatrader4_candles", "candles", "YYYY.MM.DD,HH:MM,open,high,low,close,volume", _HISTDATA,
        (_SERVER, "prices are bids", "volume is the number of ticks"), _metatrader4,
        ("time_zone", "interval"), ("time_zone", "interval"),
    ),
    Importer(
        "metatrader5_candles", "candles",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
        "first lines and rows of such files in public repositories, looked at 2026-11-27",
        (_SERVER, "daily bars have no <TIME>", "<VOL> is the traded volume; where it is 0 always, <TICKVOL> is taken"),
        _metatrader5, ("time_zone", "interval"), ("time_zone", "interval"),
    ),
]  # fmt: skip
