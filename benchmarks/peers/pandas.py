"""pandas: resample of an index of times, by group for several instruments."""

from _harness import Data, Job, main


def _frame(data: Data, names: bool):
    import pandas as pd

    trades = data("trades")
    columns = {name: trades[name] for name in ("price", "amount")}
    if names:
        columns["instrument"] = pd.Categorical.from_codes(trades["instrument"], ["walk0", "walk1", "walk2"])
    return pd.DataFrame(columns, index=pd.DatetimeIndex(trades["time_exchange"]))


def _job(frame, resampled) -> Job:
    def run():
        windows = resampled()
        prices, volume = windows["price"].ohlc(), windows["amount"].sum()
        some = prices["open"].notna()
        return int(some.sum()), float(prices.to_numpy()[some.to_numpy()].sum() + volume.sum())

    return Job(run, len(frame), "ohlc of prices, sum of amounts; no checks")


def _several(data: Data) -> Job:
    frame = _frame(data, names=True)
    return _job(frame, lambda: frame.groupby("instrument", observed=True).resample("1min"))


def _one(data: Data) -> Job:
    frame = _frame(data, names=False)
    return _job(frame, lambda: frame.resample("1min"))


main("pandas", "pandas", {"aggregate": _several, "aggregate_one": _one})
