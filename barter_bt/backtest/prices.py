"""One price per market event of a run's data, all of them or as many as a picture needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

SCHEMA: Final[dict[str, Any]] = {"time": pl.Datetime("ns", "UTC"), "instrument": pl.String, "price": pl.Float64}
_COLUMNS: Final = 1_000
_PRICE: Final = {
    "candles": pl.col("close"),
    "trades": pl.col("price"),
    "quotes": (pl.col("bid_price") + pl.col("ask_price")) / 2,
}


def market_prices(market: Sequence[Any]) -> pl.LazyFrame:
    """Closes of candles, else prices of trades, else mids of quotes: ``time``, ``instrument``, ``price``."""
    for kind, price in _PRICE.items():
        frames = [
            stream.frame().select(
                time=pl.col("time_exchange"), instrument=pl.col("instrument").cast(pl.String), price=price
            )
            for stream in market
            if stream.kind == kind
        ]
        if frames:
            found: pl.LazyFrame = pl.concat(frames)
            return found
    return pl.LazyFrame(schema=SCHEMA)


def prices_to_draw(market: Sequence[Any], instruments: Sequence[str]) -> pl.DataFrame:
    """First, lowest, highest and last price of each of 1,000 parts of the time, of some instruments.

    Read in pieces, so that memory does not grow with the data. The lowest and the highest stand within their part,
    not at their own time.
    """
    prices = market_prices(market).filter(pl.col("instrument").is_in(list(instruments)))
    ends = prices.select(first=pl.col("time").min(), last=pl.col("time").max()).collect(engine="streaming").row(0)
    if ends[0] is None:
        return pl.DataFrame(schema=SCHEMA)
    time = pl.col("time").cast(pl.Int64)
    start, end = pl.Series(ends, dtype=SCHEMA["time"]).to_physical()
    part = (time - start) // ((end - start) // _COLUMNS + 1)
    price = pl.col("price")
    parts = (
        prices.group_by("instrument", part.alias("part"))
        .agg(
            enter=time.min(),
            leave=time.max(),
            first=price.sort_by("time").first() if len(market) > 1 else price.first(),
            low=price.min(),
            high=price.max(),
            last=price.sort_by("time").last() if len(market) > 1 else price.last(),
        )
        .sort("instrument", "part")
        .collect(engine="streaming")
    )
    step = (pl.col("leave") - pl.col("enter")) // 3
    rows = [
        parts.select(
            time=pl.col("enter") + k * step, instrument="instrument", price=pl.col(name), part="part", k=pl.lit(k)
        )
        for k, name in enumerate(("first", "low", "high", "last"))
    ]
    found = pl.concat(rows).sort("instrument", "part", "k").unique(("instrument", "time", "price"), maintain_order=True)
    return found.select("time", "instrument", "price").cast(pl.Schema(SCHEMA))
