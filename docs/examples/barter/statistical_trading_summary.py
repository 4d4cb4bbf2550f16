"""A trading summary of positions and balances, as Barter states it.

Barter: statistical_trading_summary.
"""

from market import Trend, simulation

from barter_bt.statistic import trading_summary


def main() -> None:
    """Of a run; that of a live session is the same function of its tables."""
    summary = trading_summary(simulation().run(Trend()))
    for name, sheet in summary.instruments.items():
        print(f"{name}: PnL {sheet.pnl:,.2f}, wins {sheet.win_rate.value:.0%}, Sharpe {sheet.sharpe_ratio.value:.3f}")


if __name__ == "__main__":
    main()
