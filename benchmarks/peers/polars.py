"""Polars: group_by_dynamic over sorted times, by group for several instruments."""

from _harness import Data, Job, main


def _job(data: Data, **options) -> Job:
    import polars as pl

    trades = data("trades")
    columns = {name: trades[name] for name in ("price", "amount")}
    time = pl.Series(trades["time_exchange"]).cast(pl.Datetime("ns"))
    names = pl.Series(["walk0", "walk1", "walk2"], dtype=pl.Categorical).gather(trades["instrument"])
    frame = pl.DataFrame({"time": time, "instrument": names, **columns}).with_columns(pl.col("time").set_sorted())
    price = pl.col("price")
    cells = {"open": price.first(), "high": price.max(), "low": price.min(), "close": price.last()}

    def run():
        made = frame.group_by_dynamic("time", every="1m", **options).agg(volume=pl.col("amount").sum(), **cells)
        return made.height, float(made.select(pl.sum_horizontal(*cells, "volume").sum()).item())

    return Job(run, frame.height, "first, max, min and last of prices, sum of amounts; no checks")


main(
    "polars",
    "polars",
    {"aggregate": lambda data: _job(data, group_by="instrument"), "aggregate_one": _job},
)
