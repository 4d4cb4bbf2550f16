"""backtrader: bars, one Python call per bar; fewer of them, as it is slow."""

import numpy as np
from _harness import CASH, FEE, Data, Job, main

BARS = 100_000


def _signals(data: Data, own: bool) -> Job:
    """SMA 20/50 with the tool's own averages or on shared signals."""
    import backtrader
    import pandas as pd

    columns, shared = data("candles", BARS), data("signals", BARS)
    frame = pd.DataFrame({key: columns[key] for key in ("open", "high", "low", "close", "volume")})
    frame.index = pd.to_datetime(columns["time_close"], unit="s")
    # 1 enters, 2 leaves: one look-up per bar in place of two.
    signal = bytes(shared["entries"] + 2 * shared["exits"].astype(np.uint8))

    class Cross(backtrader.Strategy):
        def __init__(self):
            self.orders = 0
            if own:
                self.fast = backtrader.indicators.SMA(self.data.close, period=20)
                self.slow = backtrader.indicators.SMA(self.data.close, period=50)

        def next(self):
            row = len(self) - 1
            if own:
                fast, slow = self.fast, self.slow
                move = 0
                if row >= 50:
                    if fast[0] > slow[0] and not fast[-1] > slow[-1]:
                        move = 1
                    elif fast[0] < slow[0] and not fast[-1] < slow[-1]:
                        move = 2
            else:
                move = signal[row]
            if move == 1 and not self.position.size:
                self.buy(size=1)
            elif move == 2 and self.position.size:
                self.sell(size=1)

        def notify_order(self, order):
            self.orders += order.status == order.Completed

    engine = None

    def prepare():
        nonlocal engine
        engine = backtrader.Cerebro(stdstats=False)
        engine.adddata(backtrader.feeds.PandasData(dataname=frame))
        engine.addstrategy(Cross)
        engine.broker.setcash(CASH)
        engine.broker.setcommission(FEE)

    def run():
        strategy = engine.run()[0]
        return strategy.orders, engine.broker.getvalue()

    note = "no equity curve, no trade log; run on fewer bars as it is slow, compare by rate"
    return Job(run, len(frame), note, prepare)


main(
    "backtrader",
    "backtrader",
    {
        "sma_cross": lambda data: _signals(data, own=True),
        "sma_cross:signals": lambda data: _signals(data, own=False),
    },
)
