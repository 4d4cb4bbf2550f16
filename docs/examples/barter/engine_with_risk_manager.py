"""A risk manager of one's own, which holds every order against what the engine knows.

Barter: engine_sync_with_risk_manager_open_order_checks.
"""

import polars as pl
from market import Trend, simulation

import barter_bt as bt


class TwoAtOnce:
    """At most two stocks at a time; of others nothing is bought."""

    def check(self, state: bt.strategy.State, order: bt.OrderRequest) -> str | None:
        """None approves, text is the reason of a refusal."""
        held = [name for name in state.instruments if state.position(name) or state.working(name)]
        new = order.quantity > 0 and order.instrument not in held
        return "two already" if new and len(held) >= 2 else None


def main() -> None:
    """Run with it, and count what it refused."""
    result = simulation(risk=[bt.Limits(order_notional=50_000), TwoAtOnce()]).run(Trend())
    refused = result.orders.filter(pl.col("status") == "refused")
    print("refused because of", sorted(refused["reason"].cast(pl.String).unique()))


if __name__ == "__main__":
    main()
