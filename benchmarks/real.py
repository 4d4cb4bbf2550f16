"""Real ticks, where they are present: two days of one coin with quotes, five days of one stock."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt import Compiled, Fees, Instrument, Margin, Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.data import Stream
from barter_bt.strategy.api import ask_price, bid_price, buy, cancel_all, limit_buy, limit_sell, position, price, sell
from benchmarks.measure import Entry, Job, Skipped, measure

LITTLE = 1_000
ROOT = Path(__file__).resolve().parents[1]
COIN = Instrument("gemini", "eth_usd", price_increment="0.01", quantity_increment="1e-8")
STOCK = Instrument("arca", "spy_usd", price_increment="0.0001", quantity_increment=1)
LOT, LIMIT = 0.1, 1.0
SHARES = 100.0


def quote_both_sides(s: Any, my: Any) -> None:
    """Rest one order on each best price, and follow the prices within limits of the position."""
    bid, ask = bid_price(s, 0), ask_price(s, 0)
    if bid <= 0.0 or ask <= 0.0 or (bid == my.variables.bid[0] and ask == my.variables.ask[0]):
        return
    my.variables.bid[0], my.variables.ask[0] = bid, ask
    cancel_all(s, 0)
    held = position(s, 0)
    if held < LIMIT:
        limit_buy(s, 0, LOT, bid, post_only=1)
    if held > -LIMIT:
        limit_sell(s, 0, LOT, ask, post_only=1)


def follow_trend(s: Any, my: Any) -> None:
    """Long while a fast mean of the trades stands above a slow one, with a band against noise."""
    last = price(s, 0)
    if my.variables.slow[0] == 0.0:
        my.variables.fast[0], my.variables.slow[0] = last, last
    my.variables.fast[0] += (last - my.variables.fast[0]) * 0.002
    my.variables.slow[0] += (last - my.variables.slow[0]) * 0.0002
    gap = my.variables.fast[0] / my.variables.slow[0] - 1.0
    wanted = SHARES if gap > 0.0002 else 0.0 if gap < -0.0002 else my.variables.wanted[0]
    if wanted > my.variables.wanted[0]:
        buy(s, 0, SHARES)
    elif wanted < my.variables.wanted[0]:
        sell(s, 0, SHARES)
    my.variables.wanted[0] = wanted


MAKER = Compiled(quote_both_sides, variables={"bid": 0.0, "ask": 0.0}, wake="quote", name="maker")
TREND = Compiled(follow_trend, variables={"fast": 0.0, "slow": 0.0, "wanted": 0.0}, wake="trade", name="trend")


def shared(folder: str) -> Path:
    """A folder of the shared real data."""
    path = Path(os.environ.get("BARTER_BT_SHARED_DATA", ROOT.parent / "shared" / "data")) / folder
    if not path.is_dir():
        raise Skipped(f"real data {folder!r} is not here (BARTER_BT_SHARED_DATA names its folder)")
    return path


def keep(frame: pl.DataFrame, dropped: dict[str, int], **bad: pl.Expr) -> pl.DataFrame:
    """Rows that are not bad, counting what each reason drops."""
    for why, rule in bad.items():
        before = frame.height
        frame = frame.filter(~rule)
        dropped[why] = dropped.get(why, 0) + before - frame.height
    return frame


def told(dropped: dict[str, int]) -> str:
    """What was dropped, in words."""
    return "dropped rows: " + ", ".join(f"{rows} {why}" for why, rows in dropped.items())


def gemini_frames(folder: Path, dropped: dict[str, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Quotes and trades; times are seconds of UTC."""
    book = pl.concat(pl.read_csv(path) for path in sorted(folder.glob("*market-depth.csv.gz")))
    sides = []
    for side in ("bid", "ask"):
        both = pl.col(f"{side}_price_{side}_size").str.split_exact("_", 1).struct
        sides += [both.field(f"field_{k}").cast(pl.Float64).alias(f"{side}_{name}") for k, name in enumerate(_LEVEL)]
    book = book.select(_from_ms(pl.col("time_seconds") * 1000), *sides)
    empty = pl.any_horizontal(pl.col(f"{side}_{name}") <= 0 for side in ("bid", "ask") for name in _LEVEL)
    crossed, locked = (pl.col("bid_price") > pl.col("ask_price"), pl.col("bid_price") == pl.col("ask_price"))
    book = keep(book, dropped, empty=empty, crossed=crossed, locked=locked)
    tape = pl.concat(pl.read_csv(path) for path in sorted(folder.glob("*trade.csv.gz")))
    tape = tape.select(
        # Milliseconds as floats: rounded, for a float of seconds holds no exact nanoseconds.
        _from_ms(pl.col("time_seconds") * 1000),
        "price",
        amount="size",
        side=pl.when(pl.col("is_buyer_maker") == 1).then(-1).otherwise(1).cast(pl.Int8),
    )
    return book, keep(tape, dropped, zero=(pl.col("price") <= 0) | (pl.col("amount") <= 0))


_LEVEL = ("price", "amount")


def _from_ms(ms: pl.Expr) -> pl.Expr:
    return (ms.round(0).cast(pl.Int64) * 1_000_000).cast(pl.Datetime("ns", "UTC")).alias("time_exchange")


def spy_frame(folder: Path, dropped: dict[str, int]) -> pl.DataFrame:
    """Trades of five days: milliseconds of the day in New York, the day in the file's name."""
    days = []
    for path in sorted(folder.glob("*_trade.zip")):
        with zipfile.ZipFile(path) as archive:
            raw = archive.read(archive.namelist()[0])
        names = ["ms", "price", "amount", "exchange", "condition", "suspicious"]
        frame = pl.read_csv(
            io.BytesIO(raw), has_header=False, new_columns=names, schema_overrides={"condition": pl.String}
        )
        day = pl.lit(datetime.strptime(path.name[:8], "%Y%m%d")).cast(pl.Datetime("ns"))
        local = (day + pl.duration(milliseconds="ms", time_unit="ns")).dt.replace_time_zone("America/New_York")
        days.append(frame.with_columns(local.dt.convert_time_zone("UTC").alias("time_exchange")))
    frame = pl.concat(days)
    zero = (pl.col("price") <= 0) | (pl.col("amount") <= 0)
    frame = keep(frame, dropped, zero=zero, suspicious=pl.col("suspicious") != 0)
    return frame.select("time_exchange", pl.col("price") / 10_000, pl.col("amount").cast(pl.Float64))


def _job(make: Callable[[int | None], list[Stream]], one: Instrument, strategy: Any, venue: Venue, note: str) -> Job:
    def run(streams: list[Stream]) -> Callable[[], Result]:
        return lambda: backtest(streams, one, strategy, balances={"usd": 1_000_000}, venues=venue)

    streams = make(None)
    return Job(run(streams), sum(stream.rows for stream in streams), run(make(LITTLE)), note=note)


def gemini(scale: float) -> list[Entry]:
    """A market maker on two days of quotes and trades; ``scale`` does not matter."""
    dropped: dict[str, int] = {}

    def prepare() -> Job:
        book, tape = gemini_frames(shared("gemini"), dropped)

        def make(rows: int | None) -> list[Stream]:
            quotes = book if rows is None else book.head(rows)
            trades = tape if rows is None else tape.head(rows)
            return [data.quotes(quotes, instrument=COIN.name), data.trades(trades, instrument=COIN.name)]

        venue = Venue(fees=Fees(0.0, 0.0035), account="margin", margin=Margin(0.5))
        return _job(make, COIN, MAKER, venue, told(dropped))

    return [measure("gemini", prepare)]


def spy_ticks(scale: float) -> list[Entry]:
    """A trend follower on five days of trades; ``scale`` does not matter."""
    dropped: dict[str, int] = {}

    def prepare() -> Job:
        frame = spy_frame(shared("lean_spy_ticks"), dropped)

        def make(rows: int | None) -> list[Stream]:
            return [data.trades(frame if rows is None else frame.head(rows), instrument=STOCK.name)]

        return _job(make, STOCK, TREND, Venue(fees=Fees(per_contract=0.005)), told(dropped))

    return [measure("spy_ticks", prepare)]
