"""What was held after each fill and each split."""

from __future__ import annotations

import polars as pl

from barter_bt.statistic.tables import Tables

_NAMES = ("exchange", "instrument")


def holdings(run: Tables) -> pl.DataFrame:
    """By how much each fill and each split changed what was held, and what a unit was worth then.

    Parameters
    ----------
    run
        The run. One that was saved before there were splits has none.

    Returns
    -------
    pl.DataFrame
        ``time_exchange``, ``exchange``, ``instrument``, ``change`` (signed) and ``worth``: notional per unit, of a
        split that of the instrument's last own fill in units of after it. In the order of the fills.

    Examples
    --------
    >>> import barter_bt as bt
    >>> result = bt.testing.run_prices([10, 10, 12], bt.testing.schedule({"at": 60, "buy": 5}, {"at": 120, "sell": 5}))
    >>> holdings(result).select("change", "worth").rows()
    [(5.0, 10.0), (-5.0, 12.0)]
    """
    bought = pl.col("side").cast(pl.String) == "buy"
    quantity = pl.col("quantity_kept" if "quantity_kept" in run.trades.columns else "quantity")
    rows = run.trades.select(
        "time_exchange",
        *_NAMES,
        change=pl.when(bought).then(quantity).otherwise(-quantity),
        worth=pl.col("notional") / pl.col("quantity"),
    )
    splits: pl.DataFrame | None = getattr(run, "splits", None)
    if splits is None or not splits.height:
        return rows
    rows = rows.with_columns(place=2 * run.trades["trade_id"] + 1)
    added = splits.filter(pl.col("quantity_before") != 0).select(
        "time_exchange",
        *_NAMES,
        change=pl.col("quantity_after") - pl.col("quantity_before"),
        worth=pl.lit(None, pl.Float64),
        place=2 * pl.col("trade_id_next"),
        ratio="ratio",
    )
    names = [pl.col(name).cast(pl.String) for name in _NAMES]
    rows = rows.with_columns(names, ratio=pl.lit(1.0))
    found = pl.concat([rows, added.with_columns(names)]).sort("place", maintain_order=True)
    grown = pl.col("ratio").cum_prod().over(_NAMES)  # worth in units of the beginning, from the last fill on
    worth = (pl.col("worth") * grown).forward_fill().over(_NAMES) / grown
    return found.with_columns(worth=pl.coalesce("worth", worth)).select(*rows.columns[:5])
