"""polars-backtest: weights in long format, and its wide format for the panel.

It fills a row after the signal: at the open for the candles, where that is the price of the signal.
"""

import numpy as np
from _harness import CASH, FEE, REBALANCE, Data, Job, main

COSTS = {"fee_ratio": FEE, "tax_ratio": 0.0}
REPORT = "creturn and trade table; no order log, orders counted from the entries and exits of its trades"
EQUITY = "less work: equity curve only, no trades"


def _signals(data: Data, own: bool, report: bool = True) -> Job:
    """SMA 20/50 on one million candles, with averages in expressions or on shared signals."""
    import polars as pl
    import polars_backtest

    columns, shared = data("candles"), data("signals")
    rows = len(columns["close"])
    frame = pl.DataFrame(
        {
            # Days in place of minutes: the tool collapses stamps within a day.
            "date": pl.Series(np.arange(rows, dtype=np.int32)).cast(pl.Date),
            "symbol": pl.repeat("A", rows, eager=True),
            "open": columns["open"],
            "close": columns["close"],
            "entry": shared["entries"],
            "exit": shared["exits"],
        }
    )
    above = pl.col("close").rolling_mean(20) > pl.col("close").rolling_mean(50)
    below = pl.col("close").rolling_mean(20) < pl.col("close").rolling_mean(50)
    entry, leave = pl.col("entry"), pl.col("exit")
    if own:
        entry, leave = above & ~above.shift(1), below & ~below.shift(1)
    # It knows fractions of the equity only: one unit over the first equity is one unit to 0.2 %.
    weight = pl.when(entry).then(pl.col("close") / CASH).when(leave).then(0.0).forward_fill().fill_null(0.0)

    def run():
        if not report:
            curve = polars_backtest.backtest(frame, "open", weight, resample=None, **COSTS)
            return None, CASH * curve["creturn"][-1]
        result = polars_backtest.backtest_with_report(frame, "open", weight, resample=None, **COSTS)
        trades = result.trades
        orders = 2 * trades.height - trades["entry_date"].null_count() - trades["exit_date"].null_count()
        return orders, CASH * result.creturn["creturn"][-1]

    note = REPORT if report else EQUITY
    return Job(run, rows, note + "; invests a fraction of the equity, one unit to 0.2 %")


def _rebalance(data: Data, wide: bool) -> Job:
    """Equal weight of 500 instruments; months of 21 rows make its calendar trade the right rows."""
    import polars as pl
    import polars_backtest

    close = data("panel")["close"]
    rows, width = close.shape
    # It trades the row after a month's last one, so a row before the first sends the first orders.
    row = np.arange(rows)
    month, day = np.insert(row // REBALANCE + 1, 0, 0), np.insert(row % REBALANCE, 0, 0)
    dates = (np.datetime64("1990-01") + month).astype("datetime64[D]") + day
    close = np.vstack((close[:1], close))
    names = [str(which) for which in range(width)]
    if wide:
        frame = pl.DataFrame({"date": dates, **dict(zip(names, close.T.copy(), strict=True))})
        sent = dates[np.insert(np.arange(REBALANCE, rows, REBALANCE), 0, 0)]
        position = pl.DataFrame({"date": sent, **{name: np.full(len(sent), 1 / width) for name in names}})

        def run_wide():
            curve = polars_backtest.backtest_wide(frame, position, resample="D", **COSTS)
            return None, CASH * curve["creturn"][-1]

        return Job(run_wide, rows * width, EQUITY)
    frame = pl.DataFrame(
        {"date": np.repeat(dates, width), "symbol": names * (rows + 1), "close": close.reshape(-1)}
    ).with_columns(weight=pl.lit(1 / width))

    def run():
        result = polars_backtest.backtest_with_report(frame, "close", "weight", resample="M", **COSTS)
        return result.trades["entry_date"].count(), CASH * result.creturn["creturn"][-1]

    note = "equity curve, and one trade per instrument and period, taken for an order; no order log"
    return Job(run, rows * width, note)


main(
    "polars-backtest",
    "polars_backtest",
    {
        "sma_cross": lambda data: _signals(data, own=True),
        "sma_cross:equity": lambda data: _signals(data, own=True, report=False),
        "sma_cross:signals": lambda data: _signals(data, own=False),
        "rebalance": lambda data: _rebalance(data, wide=False),
        "rebalance:equity": lambda data: _rebalance(data, wide=True),
    },
)
