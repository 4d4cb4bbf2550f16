"""bt: a tree of weights, rebalanced every 21 rows."""

import numpy as np
from _harness import CASH, FEE, REBALANCE, Data, Job, main


def _rebalance(data: Data) -> Job:
    """Equal weight of 500 instruments, fractional quantities, a fee on the traded value."""
    import bt
    import pandas as pd

    close = data("panel")["close"]
    index = pd.date_range("1990-01-01", periods=len(close), freq="D")
    frame = pd.DataFrame(close, index=index, columns=[f"s{which}" for which in range(close.shape[1])])

    test = None

    def prepare():
        nonlocal test
        strategy = bt.Strategy(
            "equal",
            [
                bt.algos.RunEveryNPeriods(REBALANCE),
                bt.algos.SelectAll(),
                bt.algos.WeighEqually(),
                bt.algos.Rebalance(),
            ],
        )
        test = bt.Backtest(
            strategy,
            frame,
            initial_capital=CASH,
            commissions=lambda quantity, price: abs(quantity) * price * FEE,
            integer_positions=False,
            progress_bar=False,
        )

    def run():
        result = bt.run(test)
        orders = len(result.get_transactions())
        # Its values are an index of 100 at the first row, before the first orders.
        return orders, float(np.asarray(test.strategy.values)[-1])

    return Job(run, close.size, "order log and statistics; keeps the fee back from each order", prepare)


main("bt", "bt", {"rebalance": _rebalance})
