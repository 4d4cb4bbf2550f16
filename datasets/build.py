"""Make the data sets again: ``python datasets/build.py`` from the project's root.

The generated ones need nothing; ``stocks_daily`` needs ``pip install --no-deps bokeh_sampledata==2026.1``.
Values are the same on every machine; the bytes of a Parquet file also depend on the version of Polars.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import polars as pl

from barter_bt.data import generate

HERE = Path(__file__).parent
INSTRUMENTS = {"btc_usdt": 420.0, "eth_usdt": 24.0}  # the walk is around 100: these bring it to 42,000 and 2,400
PACKAGE_SHA256 = "5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd"
DAY_NS = 86_400_000_000_000
START_NS = 1_704_067_200_000_000_000  # 2024-01-01 UTC
TIME = pl.Datetime("ns", "UTC")


def trades() -> pl.DataFrame:
    """Make one day, 20,000 trades of each instrument on average, prices on 0.01."""
    walk = generate.trades_arrays(40_000, len(INSTRUMENTS), seed=21)
    price = _level(walk["price"] / 100, walk["instrument"])
    side = (2 * walk["side"] - 1).astype(np.int8)
    columns = {"price": price, "amount": walk["amount"], "side": side}
    return pl.DataFrame({"time_exchange": _one_day(walk["time_exchange"]), **_names(walk), **columns})


def quotes() -> pl.DataFrame:
    """Make the same day, 20,000 quotes of each instrument on average, spread of 1 to 3 ticks."""
    walk = generate.quotes_arrays(40_000, len(INSTRUMENTS), seed=22)
    spread = np.rint((walk["ask_price"] - walk["bid_price"]) * 100).astype(np.int64)
    bid = np.rint(_level(walk["bid_price"] / 100, walk["instrument"]) * 100).astype(np.int64)
    prices = {"bid_price": bid / 100, "bid_amount": walk["bid_amount"]}
    prices |= {"ask_price": (bid + spread) / 100, "ask_amount": walk["ask_amount"]}
    return pl.DataFrame({"time_exchange": _one_day(walk["time_exchange"]), **_names(walk), **prices})


def candles_1m() -> pl.DataFrame:
    """Make three days of minute candles of both instruments, sorted by time, then instrument; prices on 0.01."""
    minutes = 3 * 1440
    close_ns = START_NS + 60_000_000_000 * np.arange(1, minutes + 1, dtype=np.int64)
    frames = []
    for seed, (name, level) in enumerate(INSTRUMENTS.items(), 31):
        walk = generate.candles_arrays(minutes, seed)
        times = {
            "time_exchange": pl.Series(close_ns).cast(TIME),
            "time_open": pl.Series(close_ns - 60_000_000_000).cast(TIME),
        }
        names = {"instrument": pl.Series([name] * minutes, dtype=pl.Enum(list(INSTRUMENTS)))}
        prices = {column: np.round(walk[column] * level, 2) for column in ("open", "high", "low", "close")}
        frames.append(pl.DataFrame({**times, **names, **prices, "volume": walk["volume"]}))
    return pl.concat(frames).sort("time_exchange", "instrument")


def stocks_daily() -> pl.DataFrame:
    """Take real daily prices, adjusted for splits and dividends by the factor that the source gives."""
    spec = importlib.util.find_spec("bokeh_sampledata")
    if spec is None or spec.origin is None:
        raise SystemExit("stocks_daily needs: pip install --no-deps bokeh_sampledata==2026.1")
    path = Path(spec.origin).parent / "_data" / "stocks.csv.gz"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == PACKAGE_SHA256, "another version of the package"
    frame = pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
    factor = pl.col("Adj Close") / pl.col("Close")
    names = (pl.col("Ticker").str.to_lowercase() + "_usd").unique().sort()
    names = frame.select(names).to_series().to_list()
    instrument = (pl.col("Ticker").str.to_lowercase() + "_usd").cast(pl.Enum(names))
    frame = frame.select(
        time_exchange=_session(pl.col("Date"), 16, 0),
        time_open=_session(pl.col("Date"), 9, 30),
        instrument=instrument,
        **{name.lower(): (pl.col(name) * factor).round(4) for name in ("Open", "High", "Low", "Close")},
        volume=pl.col("Volume").cast(pl.Float64),
        close_unadjusted=pl.col("Close"),
    )
    return frame.sort("time_exchange", "instrument")


def _session(date: pl.Expr, hour: int, minute: int) -> pl.Expr:
    local = date.cast(pl.Datetime("ns")) + pl.duration(hours=hour, minutes=minute, time_unit="ns")
    return local.dt.replace_time_zone("America/New_York")


def _one_day(time_ns: np.ndarray) -> pl.Series:
    """Stretch the generator's steps, in whole numbers, so that the rows fill one day."""
    start, last = generate.START_NS, int(time_ns[-1])
    factor = (DAY_NS - 1) // (last - start)
    return pl.Series(START_NS + (time_ns - start) * factor).cast(TIME)


def _names(walk: dict[str, np.ndarray]) -> dict[str, pl.Series]:
    names = list(INSTRUMENTS)
    return {"instrument": pl.Series(names, dtype=pl.Enum(names)).gather(walk["instrument"].astype(np.uint32))}


def _level(walk: np.ndarray, instrument: np.ndarray) -> np.ndarray:
    levels = np.array(list(INSTRUMENTS.values())) * 100
    price: np.ndarray = np.round(walk * levels[instrument], 2)
    return price


BUILDERS = {"trades": trades, "quotes": quotes, "candles_1m": candles_1m, "stocks_daily": stocks_daily}


def main(names: list[str]) -> None:
    """Write the named data sets (all by default) and print their checksums for the README."""
    for name in names or list(BUILDERS):
        path = HERE / f"{name}.parquet"
        BUILDERS[name]().write_parquet(path, compression="zstd", compression_level=15, row_group_size=4096)
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
