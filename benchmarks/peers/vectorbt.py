"""vectorbt: signals, a compiled order callback, and a shared-cash rebalance."""

import numpy as np
from _answers import SWEEP_CANDLES, sweep_pairs
from _harness import CASH, EVERY, FEE, REBALANCE, SPACING, STOP, TARGET, Data, Job, main

TABLES = "orders, trades, positions and equity are built inside the timed call"
ORDERS = "order records and final value; trades and equity are not built"
LITTLE = 1_000
BATCH = 50  # columns that are in memory at a time


def _finish(pf, tables):
    """Count the orders and value the end; the tables on request, as our own side always builds them."""
    if tables:
        for records in (pf.orders, pf.entry_trades, pf.positions):
            len(records.values)
        return pf.orders.count().sum(), np.asarray(pf.value())[-1]
    return len(pf.order_records), pf.final_value()


def _signals(data: Data, own: bool, engine: str, tables: bool = False) -> Job:
    """SMA 20/50 on one million candles, with the tool's own averages or on shared signals."""
    import pandas as pd
    import vectorbt as vbt

    columns, shared = data("candles"), data("signals")
    # Without a time zone: with one the tool compares a million time objects one by one.
    index = pd.to_datetime(columns["time_close"], unit="s")
    close = pd.Series(columns["close"], index=index)
    entries, exits = (pd.Series(shared[key], index=index) for key in ("entries", "exits"))

    def run(rows=slice(None)):
        price, up, down = close[rows], entries[rows], exits[rows]
        if own:
            fast = vbt.MA.run(price, 20, engine=engine)
            slow = vbt.MA.run(price, 50, engine=engine)
            up, down = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
        pf = vbt.Portfolio.from_signals(price, up, down, size=1, fees=FEE, init_cash=CASH, freq="1min", engine=engine)
        return _finish(pf, tables)

    return Job(run, len(close), TABLES if tables else ORDERS, compile=lambda: run(slice(LITTLE)))


def _brackets(data: Data, tables: bool = False) -> Job:
    """Entries at equal distances, each left by a trailing stop or a take profit."""
    import pandas as pd
    import vectorbt as vbt

    columns = data("candles")
    index = pd.to_datetime(columns["time_close"], unit="s")
    prices = {key: pd.Series(columns[key], index=index) for key in ("open", "high", "low", "close")}
    entries = pd.Series(np.arange(len(index)) % SPACING == 0, index=index)

    def run(rows=slice(None)):
        some = {key: values[rows] for key, values in prices.items()}
        pf = vbt.Portfolio.from_signals(
            some["close"],
            entries[rows],
            open=some["open"],
            high=some["high"],
            low=some["low"],
            sl_stop=STOP,
            sl_trail=True,
            tp_stop=TARGET,
            size=1,
            init_cash=CASH,
            freq="1min",
        )
        return _finish(pf, tables)

    note = f"{TABLES if tables else ORDERS}; its own rules within a bar, entries at the close"
    return Job(run, len(index), note, compile=lambda: run(slice(LITTLE)))


def _callback(data: Data, one: bool = False) -> Job:
    """A compiled callback at each trade; a column per instrument, or one for all, with shared cash."""
    import vectorbt as vbt
    from numba import njit
    from vectorbt.portfolio.enums import NoOrder
    from vectorbt.portfolio.nb import order_nb

    columns = data("trades")
    instrument, price = columns["instrument"].astype(np.int64) * (not one), columns["price"]
    n, width = len(price), int(instrument.max()) + 1
    # The tool wants a matrix: each instrument's last price at each event.
    close = np.empty((n, width))
    for which in range(width):
        rows = np.flatnonzero(instrument == which)
        close[:, which] = price[rows[np.maximum(np.searchsorted(rows, np.arange(n), side="right") - 1, 0)]]
    done = np.zeros(1, np.int64)

    @njit
    def strategy(ctx, instrument, price, done):
        if (ctx.i + 1) % EVERY or done[0] == ctx.i:
            return -1, NoOrder
        done[0] = ctx.i
        column = instrument[ctx.i]
        size = -1.0 if ctx.last_position[column] > 0 else 1.0
        return column, order_nb(size=size, price=price[ctx.i], fees=FEE)

    def run(rows=slice(None)):
        done[0] = -1
        pf = vbt.Portfolio.from_order_func(
            close[rows],
            strategy,
            instrument,
            price,
            done,
            flexible=True,
            row_wise=True,
            init_cash=CASH,
            cash_sharing=True,
            group_by=True,
            fill_pos_record=False,
            # As many as there are: by default it makes room for one at each event.
            max_orders=n // EVERY + 1,
        )
        # Cash from the order log instead of the tool's final value: that one builds
        # matrices of all rows and would only slow the tool down.
        log = pf.order_records
        signed = np.where(log["side"] == 0, log["size"], -log["size"])
        cash = CASH - (signed * log["price"]).sum() - log["fees"].sum()
        return len(log), cash + np.bincount(log["col"], signed, width) @ close[-1]

    note = f"flexible callback at each row, columns: {width}; order log, no equity curve"
    return Job(run, n, note, compile=lambda: run(slice(2 * EVERY)))


def _rebalance(data: Data, tables: bool = False) -> Job:
    """Equal weight of 500 columns by target percent, sells before buys as the tool orders them."""
    import pandas as pd
    import vectorbt as vbt

    close = pd.DataFrame(data("panel")["close"])
    # NaN rows are the tool's way to say that nothing is ordered there.
    size = np.full(close.shape, np.nan)
    size[::REBALANCE] = 1 / close.shape[1]

    def run(rows=slice(None)):
        pf = vbt.Portfolio.from_orders(
            close[rows],
            size[rows],
            size_type="targetpercent",
            fees=FEE,
            init_cash=CASH,
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
            freq="1D",
        )
        return _finish(pf, tables)

    return Job(run, close.size, TABLES if tables else ORDERS, compile=lambda: run(slice(LITTLE)))


def _sweep(data: Data, protected: bool = False) -> Job:
    """Averages once for each length, then columns of pairs side by side, as many as fit into memory."""
    import pandas as pd
    import vectorbt as vbt

    columns = data("candles", SWEEP_CANDLES)
    close = pd.Series(columns["close"], index=pd.to_datetime(columns["time_close"], unit="s"))
    stops = {key: pd.Series(columns[key], index=close.index) for key in ("open", "high", "low")} if protected else {}
    stops |= {"sl_stop": STOP, "sl_trail": True} if protected else {}
    pairs = sweep_pairs()

    def run(some=pairs):
        lengths = sorted({length for pair in some for length in pair})
        means = dict(zip(lengths, vbt.MA.run(close, lengths).ma.to_numpy().T, strict=True))
        ends = []
        for start in range(0, len(some), BATCH):
            batch = some[start : start + BATCH]
            fast, slow = (np.column_stack([means[pair[side]] for pair in batch]) for side in (0, 1))
            above, below = fast > slow, fast <= slow
            if protected:  # the engine's targets are followed where they change
                above[1:] &= ~above[:-1]
            pf = vbt.Portfolio.from_signals(close, above, below, size=1, fees=FEE, init_cash=CASH, freq="1min", **stops)
            pf.total_return(), pf.sharpe_ratio(), pf.max_drawdown(), pf.trades.count()
            ends.append(np.asarray(pf.final_value()))
        return None, float(np.mean(np.concatenate(ends)))

    note = f"batches of {BATCH} columns; return, Sharpe ratio, drawdown, trades"
    note += "; its own rules within a bar, one rate of fees" if protected else ""
    return Job(run, len(pairs) * len(close), note, compile=lambda: run(pairs[:2]))


main(
    "vectorbt",
    "vectorbt",
    {
        "sma_cross": lambda data: _signals(data, own=True, engine="auto"),
        "sma_cross:tables": lambda data: _signals(data, own=True, engine="auto", tables=True),
        "sma_cross:signals": lambda data: _signals(data, own=False, engine="auto"),
        "sma_cross:signals+tables": lambda data: _signals(data, own=False, engine="auto", tables=True),
        "sma_cross:numba": lambda data: _signals(data, own=True, engine="numba"),
        "replay_compiled": _callback,
        "replay_compiled:one": lambda data: _callback(data, one=True),
        "rebalance": _rebalance,
        "brackets": _brackets,
        "sweep": _sweep,
        "sweep_protected": lambda data: _sweep(data, protected=True),
        "brackets:tables": lambda data: _brackets(data, tables=True),
        "rebalance:tables": lambda data: _rebalance(data, tables=True),
    },
)
