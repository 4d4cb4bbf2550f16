"""raptorbt: bars on signals, the rebalance simulator, and a Python callback per trade."""

import numpy as np
from _answers import SWEEP_CANDLES, sweep_pairs
from _harness import CASH, FEE, REBALANCE, Data, Job, main

PYTHON_EVENTS = 300_000
BATCH = 100  # items that are in memory at a time


def _signals(data: Data, own: bool, tables: bool = False) -> Job:
    """SMA 20/50 on one million candles, with the tool's own averages or on shared signals."""
    import raptorbt

    columns, shared = data("candles"), data("signals")
    times, close = columns.pop("time_close") * 1_000_000_000, columns["close"]
    config = raptorbt.BacktestConfig(initial_capital=CASH, fees=FEE, fill_timing="same_bar_close")
    # Sizes are fractions of the capital; one and a half units of it, floored to lots of one, is one unit.
    sizes, lots = 1.5 * close / CASH, raptorbt.InstrumentConfig(lot_size=1.0)

    def run():
        entries, exits = shared["entries"], shared["exits"]
        if own:
            fast, slow = raptorbt.sma(close, 20), raptorbt.sma(close, 50)
            above, below = fast > slow, fast < slow
            known = ~np.isnan(slow[:-1])
            entries, exits = np.zeros(len(close), np.bool_), np.zeros(len(close), np.bool_)
            entries[1:] = above[1:] & ~above[:-1] & known
            exits[1:] = below[1:] & ~below[:-1] & known
        result = raptorbt.run_single_backtest(
            timestamps=times,
            entries=entries,
            exits=exits,
            config=config,
            position_sizes=sizes,
            instrument_config=lots,
            **columns,
        )
        metrics = result.metrics
        orders = metrics.total_closed_trades + metrics.total_trades
        if tables:
            orders = len(result.trades()) + metrics.total_closed_trades
            return orders, result.equity_curve()[-1]
        return orders, metrics.end_value

    note = "trades as Python objects and equity curve read out" if tables else "metrics only read out"
    return Job(run, len(close), note + "; runs on signals leave no order log, orders counted from its trades")


def _rebalance(data: Data) -> Job:
    """Equal weight every 21 rows, by the rebalance simulator."""
    import raptorbt

    close = data("panel")["close"]
    weights = np.full(close.shape, 1 / close.shape[1])

    def run():
        result = raptorbt.simulate_rebalance_policy(
            close,
            weights,
            CASH,
            "calendar",
            float(REBALANCE),
            segment="equity_delivery",
            min_trade_value=0.0,
            dp_charge_per_isin=0.0,
        )
        return result.n_trades, result.equity_curve()[-1]

    note = "less work: its own costs (0.10 to 0.12 %) in place of the fee; equity curve, no order log"
    return Job(run, close.size, note)


def _python(data: Data) -> Job:
    """A strategy class called at each trade, no orders."""
    import raptorbt

    trades = data("trades", PYTHON_EVENTS)
    n = len(trades["price"])
    ticks = {
        str(which): {
            "timestamps": trades["time_exchange"][trades["instrument"] == which],
            "ltp": trades["price"][trades["instrument"] == which],
            "ltq": trades["amount"][trades["instrument"] == which],
        }
        for which in range(int(trades["instrument"].max()) + 1)
    }

    config = raptorbt.BacktestConfig(initial_capital=CASH)

    class Counter(raptorbt.Strategy):
        def on_start(self, ctx):
            self.seen = 0

        def on_trade_tick(self, ctx, tick):
            self.seen += 1

    def run():
        strategy = Counter()
        result = raptorbt.run_tick_strategy(strategy, ticks, config=config)
        if strategy.seen != n:
            raise RuntimeError(f"the strategy was woken {strategy.seen} times for {n} events")
        return result.metrics.total_trades, result.metrics.end_value

    return Job(run, n, "the strategy only counts; builds its feed inside the timed call")


def _sweep(data: Data) -> Job:
    """Averages once for each length, then batches over shared prices, which release the lock."""
    import raptorbt

    columns = data("candles", SWEEP_CANDLES)
    times, close = columns["time_close"] * 1_000_000_000, columns["close"]
    config = raptorbt.BacktestConfig(initial_capital=CASH, fees=FEE, fill_timing="same_bar_close")
    sizes, lots = 1.5 * close / CASH, raptorbt.InstrumentConfig(lot_size=1.0)
    pairs = sweep_pairs()
    prices = [np.ascontiguousarray(columns[name]) for name in ("open", "high", "low", "close", "volume")]

    def run():
        means = {length: raptorbt.sma(close, length) for pair in pairs for length in pair}
        ends = []
        for start in range(0, len(pairs), BATCH):
            items = []
            for fast, slow in pairs[start : start + BATCH]:
                above, known = means[fast] > means[slow], ~np.isnan(means[slow])
                entries, exits = above & known, ~above & known
                options = {"position_sizes": sizes, "instrument_config": lots}
                items.append(raptorbt.BatchSingleItem(f"{fast} {slow}", entries, exits, **options))
            for _, result in raptorbt.batch_single_backtest(times, *prices, items, config):
                metrics = result.metrics
                ends.append((metrics.total_return_pct, metrics.sharpe_ratio, metrics.max_drawdown_pct))
        return None, CASH * (1 + float(np.mean([end[0] for end in ends])) / 100)

    return Job(run, len(pairs) * len(close), f"batches of {BATCH}; return, Sharpe ratio and drawdown")


main(
    "raptorbt",
    "raptorbt",
    {
        "sma_cross": lambda data: _signals(data, own=True),
        "sma_cross:tables": lambda data: _signals(data, own=True, tables=True),
        "sma_cross:signals": lambda data: _signals(data, own=False),
        "sma_cross:signals+tables": lambda data: _signals(data, own=False, tables=True),
        "rebalance": _rebalance,
        "replay_python": _python,
        "sweep": _sweep,
    },
)
