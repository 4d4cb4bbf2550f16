"""backtesting.py: bars, one Python call per bar."""

import os

import numpy as np
from _harness import CASH, FEE, SPACING, STOP, TARGET, Data, Job, main

# Before its import: the tool's progress bar is a cost of its own.
os.environ["TQDM_DISABLE"] = "1"


def _signals(data: Data, own: bool) -> Job:
    """SMA 20/50 on one million candles, with averages from pandas or on shared signals."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    columns, shared = data("candles"), data("signals")
    index = pd.to_datetime(columns.pop("time_close"), unit="s")
    frame = pd.DataFrame({key.capitalize(): values for key, values in columns.items()}, index=index)

    def mean(values, window):
        return pd.Series(values).rolling(window).mean()

    class Own(Strategy):
        def init(self):
            self.fast = self.I(mean, self.data.Close, 20, plot=False)
            self.slow = self.I(mean, self.data.Close, 50, plot=False)

        def next(self):
            fast, slow = self.fast, self.slow
            if fast[-1] > slow[-1] and not fast[-2] > slow[-2] and not np.isnan(slow[-2]):
                if not self.position:
                    self.buy(size=1)
            elif fast[-1] < slow[-1] and not fast[-2] < slow[-2] and self.position:
                self.position.close()

    # 1 enters, 2 leaves: one look-up per bar in place of two.
    signal = bytes(shared["entries"] + 2 * shared["exits"].astype(np.uint8))

    class Shared(Strategy):
        def init(self):
            # Bars are counted here: the tool has no cheap row number. Its first call is for row 1.
            self.row = 0

        def next(self):
            self.row += 1
            move = signal[self.row]
            if move == 1 and not self.position:
                self.buy(size=1)
            elif move == 2 and self.position:
                self.position.close()

    test = Backtest(frame, Own if own else Shared, cash=CASH, commission=FEE)

    def run():
        stats = test.run()
        closed, still = len(stats["_trades"]), len(stats["_strategy"].trades)
        return 2 * closed + still, stats["Equity Final [$]"]

    note = "equity curve, trades and statistics; no order log, orders counted from its trades"
    return Job(run, len(frame), note)


def _brackets(data: Data) -> Job:
    """Entries at equal distances, each left by a trailing stop or a take profit."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    columns = data("candles")
    index = pd.to_datetime(columns.pop("time_close"), unit="s")
    frame = pd.DataFrame({key.capitalize(): values for key, values in columns.items()}, index=index)

    class Brackets(Strategy):
        def init(self):
            self.row = 0

        def next(self):
            self.row += 1
            for trade in self.trades:
                trade.sl = max(trade.sl or 0.0, self.data.High[-1] * (1 - STOP))
            if self.row % SPACING == 0:
                price = self.data.Close[-1]
                self.buy(size=1, sl=price * (1 - STOP), tp=price * (1 + TARGET))

    test = Backtest(frame, Brackets, cash=CASH)

    def run():
        stats = test.run()
        closed, still = len(stats["_trades"]), len(stats["_strategy"].trades)
        return 2 * closed + still, stats["Equity Final [$]"]

    return Job(run, len(frame), "its own rules within a bar, stops moved in Python")


main(
    "backtesting",
    "backtesting",
    {
        "sma_cross": lambda data: _signals(data, own=True),
        "sma_cross:signals": lambda data: _signals(data, own=False),
        "brackets": _brackets,
    },
)
