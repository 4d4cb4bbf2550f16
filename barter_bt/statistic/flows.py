"""Figures of the money that no order moved: each kind of cash flow, and a table of them by their reasons."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.activity import Activity
from barter_bt.statistic.figure import figure
from barter_bt.statistic.tables import Tables, floats, total

FlowsBy = Literal["reason", "instrument", "asset"]
_NOT_EARNED: Final = ("deposit", "withdrawal", "trading_fee", "variation_margin")  # in other figures, or in profits
_DIVIDENDS: Final = ("dividend", "withholding")
_OF_VENUES: Final = ("insurance", "split", "delisting")
_NAMED: Final = (*_NOT_EARNED, *_DIVIDENDS, *_OF_VENUES, "funding", "interest", "debt_interest", "borrow_fee")


@figure("Cash flows", "money", "Cash flows", needs="activity")
def cash_flows(activity: Activity) -> float | None:
    """Sum of the cash flows that no order moved (funding, interest, dividends, flows of one's own), above 0 what was
    received, without deposits, withdrawals, fees of trades and variation margin, which is profit of positions. As the
    following ones, it is in the reporting asset at the prices of its time, not defined where there was none, or of
    parts of a run.
    """
    return _sum(activity, ~pl.col("reason").is_in(_NOT_EARNED))


@figure("Funding", "money", "Cash flows", needs="activity")
def funding(activity: Activity) -> float | None:
    """Sum of the funding of perpetuals, above 0 what was received."""
    return _sum(activity, pl.col("reason") == "funding")


@figure("Dividends", "money", "Cash flows", needs="activity")
def dividends(activity: Activity) -> float | None:
    """Sum of the dividends that were paid, less what was withheld of them; below 0 what who was short has paid."""
    return _sum(activity, pl.col("reason").is_in(_DIVIDENDS))


@figure("Interest on cash", "money", "Cash flows", needs="activity")
def interest(activity: Activity) -> float | None:
    """Sum of the interest on balances above 0, below 0 at negative rates."""
    return _sum(activity, pl.col("reason") == "interest")


@figure("Interest on debt", "money", "Cash flows", needs="activity")
def debt_interest(activity: Activity) -> float | None:
    """Sum of the interest on balances below 0, at most 0: it was paid."""
    return _sum(activity, pl.col("reason") == "debt_interest")


@figure("Borrow fees", "money", "Cash flows", needs="activity")
def borrow_fees(activity: Activity) -> float | None:
    """Sum of what was paid for what was borrowed to sell it short, at most 0."""
    return _sum(activity, pl.col("reason") == "borrow_fee")


@figure("Settled by venues", "money", "Cash flows", needs="activity")
def venue_flows(activity: Activity) -> float | None:
    """Sum of what an insurance paid for an account below 0, and of what was paid for parts of lots in splits and for
    holdings that were delisted.
    """
    return _sum(activity, pl.col("reason").is_in(_OF_VENUES))


@figure("Flows of one's own", "money", "Cash flows", needs="activity")
def own_flows(activity: Activity) -> float | None:
    """Sum of the cash flows of one's own, such as rollover: those whose reason is none of the engine's own words. One
    that is given the reason `funding`, `dividend` or `interest` counts as that. `run.flows_by("reason")` has each.
    """
    return _sum(activity, ~pl.col("reason").is_in(_NAMED))


def flows_by(run: Tables, by: FlowsBy = "reason") -> pl.DataFrame:
    """What cash flows paid, by reason, instrument or asset.

    Parameters
    ----------
    run
        The run.
    by
        A row for each ``"reason"``, ``"instrument"`` (null of what is of none) or ``"asset"``, in the order in which
        they came first.

    Returns
    -------
    polars.DataFrame
        What it is by, ``flows`` (their number), and in the reporting asset at the prices of their times ``received``
        (at least 0), ``paid`` (at most 0) and ``worth``, the sum of both; null where one had no price. Deposits, fees
        in a third asset and variation margin are among them.

    Raises
    ------
    ConfigError
        ``by`` is something else.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import barter_bt as bt
    >>> prices = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> days = [datetime(2020, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3)]
    >>> rows = {"time": days, "asset": ["usd"] * 3, "amount": [-2.0, 1.0, -9.0], "reason": ["rollover"] * 2 + ["data"]}
    >>> flows = bt.data.cash_flows(pl.DataFrame(rows))
    >>> never, money = bt.Signals(pl.lit(0.0)), {"usd": 1_000}
    >>> run = bt.backtest(
    ...     prices, bt.Instrument("x", "btc_usd"), never, balances=money, cash_flows=flows, interpret=True
    ... )
    >>> flows_by(run).rows()
    [('rollover', 2, 1.0, -2.0, -1.0), ('data', 1, 0.0, -9.0, -9.0)]
    >>> run.summary().own_flows
    -10.0
    """
    if by not in ("reason", "instrument", "asset"):
        raise ConfigError(f"flows are asked for by {by!r}; allowed: reason, instrument, asset")
    flows: pl.DataFrame = getattr(run, "cash_flows", pl.DataFrame())
    if not flows.height:
        money = dict.fromkeys(("received", "paid", "worth"), pl.Float64())
        return pl.DataFrame(schema={by: pl.String(), "flows": pl.Int64(), **money})
    worth, known = pl.col("worth"), pl.col("worth").null_count() == 0
    sums = {"received": worth.clip(lower_bound=0), "paid": worth.clip(upper_bound=0), "worth": worth}
    return (
        flows.with_columns(pl.col(by).cast(pl.String))
        .group_by(by, maintain_order=True)
        .agg(flows=pl.len().cast(pl.Int64), **{name: pl.when(known).then(each.sum()) for name, each in sums.items()})
    )


def _sum(activity: Activity, those: pl.Expr) -> float | None:
    """What the flows are worth together; None where one had no price, and of what has no such table."""
    paid: pl.DataFrame | None = getattr(activity.run, "cash_flows", None)
    if paid is None:
        return None
    worth = paid.filter(those)["worth"] if paid.height else pl.Series([], dtype=pl.Float64)
    return None if worth.null_count() else total(floats(worth))
