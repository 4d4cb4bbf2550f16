"""Where two runs part: the first thing that one did and the other did not, and the orders that only one sent.

Tables are compared row by row, exactly. The strategy's name is a label: it is compared only where both runs know the
same names, so that one idea under two names has no difference. Columns that only one of the runs has are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from barter_bt.backtest.divergence import ASKED, Divergence, alike, first_divergence, texts
from barter_bt.statistic.tables import Tables

COMPARED = ("orders", "trades", "positions", "balances")


@dataclass(frozen=True, repr=False)
class Difference:
    """What two runs did differently.

    Attributes
    ----------
    names
        Of the two runs.
    first
        The earliest differing row over orders, trades, positions and balances; None if there is none.
    only
        The orders that only the first run has, and those that only the second has: an order is the same if it was
        asked for at the same time with the same instrument, side, kind, price and quantity, whatever became of it.
    """

    names: tuple[str, str]
    first: Divergence | None
    only: tuple[pl.DataFrame, pl.DataFrame]

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return self.first is None

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON; times as text."""
        only = {name: texts(frame).to_dicts() for name, frame in zip(self.names, self.only, strict=True)}
        return {"same": self.same, "first": self.first.to_dict() if self.first else None, "orders_only": only}

    def __repr__(self) -> str:
        a, b = self.names
        if self.first is None:
            return f"No difference between {a} and {b}"
        counts = " and ".join(
            f"{frame.height} order(s) only in {n}" for n, frame in zip(self.names, self.only, strict=True)
        )
        return f"{a} and {b} differ from\n  {self.first.told(f'{{}} in {a}, {{}} in {b}')}\n  {counts}"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def difference(left: Tables, right: Tables, names: tuple[str, str] = ("left", "right")) -> Difference:
    """Compare what two runs did, row by row.

    Parameters
    ----------
    left, right
        Results or saved runs.
    names
        What to call them.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> runs = [
    ...     bt.backtest(candles, btc, bt.strategy.builtin.SmaCross(5, slow), balances={"usd": 1_000}, interpret=True)
    ...     for slow in (20, 30)
    ... ]
    >>> difference(*runs).same, difference(runs[0], runs[0])
    (False, No difference between left and right)
    """
    tables = [{name: getattr(run, name) for name in COMPARED} for run in (left, right)]
    first = first_divergence(tables[0], tables[1])
    orders = tables[0]["orders"], tables[1]["orders"]
    return Difference(names, first, (_only(orders[0], orders[1]), _only(orders[1], orders[0])))


def _only(orders: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The orders that are not among ``others``; of several equal ones, those that are too many."""
    a, b = alike(orders, others)
    key = [name for name in a.columns if name in ASKED and name != "order_id"]
    again = pl.int_range(pl.len()).over(key).alias("again")
    a, b = (each.select(*key, again).with_row_index("row") for each in (a, b))
    kept = a.join(b, on=[*key, "again"], how="anti", nulls_equal=True).sort("row")["row"]
    return orders[kept]
