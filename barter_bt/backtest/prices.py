"""One price per market event of a run's data, all of them or as many as a picture needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

SCHEMA: Final[dict[str, Any]] = {"time": pl.Datetime("ns", "UTC"), "instrument": pl.String, "price": pl.Float64}
PARTS: Final = 1_000
_PRICE: Final = {
    "candles": pl.col("close"),
    "trades": pl.col("price"),
    "quotes": (pl.col("bid_price") + pl.col("ask_price")) / 2,
}


def market_prices(market: Sequence[Any], names: Mapping[str, str] | None = None) -> pl.LazyFrame:
    """Closes of candles, else prices of trades, else mids of quotes, of each instrument.

    ``names`` are what tables call the instruments, by what the data calls them.
    """
    frames: list[pl.LazyFrame] = []
    found: set[str] = set()
    for kind, price in _PRICE.items():
        streams = [stream for stream in market if stream.kind == kind]
        for stream in streams:
            rows = stream.frame().select(
                time=pl.col("time_exchange"), instrument=pl.col("instrument").cast(pl.String), price=price
            )
            frames.append(rows.filter(~pl.col("instrument").is_in(list(found))) if found else rows)
        found |= {str(name) for stream in streams for name in stream.instruments}
    if not frames:
        return pl.LazyFrame(schema=SCHEMA)
    prices = frames[0] if len(frames) == 1 else pl.concat(frames).sort("time", maintain_order=True)
    return prices.with_columns(pl.col("instrument").replace(dict(names))) if names else prices


def prices_to_draw(
    market: Sequence[Any], instruments: Sequence[str], names: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """All prices of instruments that have few; else first, lowest, highest and last of 1,000 parts of the time.

    Each stands at its own time, ``thinned`` says whether there are more. Read in pieces, so that memory does not grow
    with the data.
    """
    prices = market_prices(market, names).filter(pl.col("instrument").is_in(list(instruments)))
    counts = prices.group_by("instrument").agg(rows=pl.len()).collect(engine="streaming")
    few = counts.filter(pl.col("rows") <= 4 * PARTS)["instrument"].to_list()
    whole = prices.filter(pl.col("instrument").is_in(few)).collect(engine="streaming")
    some = _thinned(prices.filter(~pl.col("instrument").is_in(few))) if len(few) < counts.height else whole.clear()
    marked = [whole.with_columns(thinned=pl.lit(False)), some.with_columns(thinned=pl.lit(True))]
    return pl.concat(marked).sort("instrument", "time", maintain_order=True)


def _thinned(prices: pl.LazyFrame) -> pl.DataFrame:
    ends = prices.select(first=pl.col("time").min(), last=pl.col("time").max()).collect(engine="streaming").row(0)
    time, price = pl.col("time"), pl.col("price")
    start, end = pl.Series(ends, dtype=SCHEMA["time"]).to_physical()
    part = (time.cast(pl.Int64) - start) // ((end - start) // PARTS + 1)
    chosen = {"first": (time.min(), price.min_by("time")), "low": (time.min_by("price"), price.min())}
    chosen |= {"high": (time.max_by("price"), price.max()), "last": (time.max(), price.max_by("time"))}
    columns = {f"{name}_{k}": one for name, pair in chosen.items() for k, one in enumerate(pair)}
    parts = prices.group_by("instrument", part.alias("part")).agg(**columns).collect(engine="streaming")
    rows = [parts.select(time=f"{name}_0", instrument="instrument", price=f"{name}_1") for name in chosen]
    return pl.concat(rows).unique().cast(pl.Schema(SCHEMA))
