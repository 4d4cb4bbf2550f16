"""One generated market as all kinds of data tell it: its orders, books, quotes, trades and rates of funding agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from barter_bt.data.aggregator import Aggregator
from barter_bt.data.duration import duration_ns
from barter_bt.data.order_flow import ASK, BID, START_NS, Change, OrderFlow
from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError

TICKS, LOTS = 100, 1_000  # to a unit of price and of amount
_SCHEMAS: dict[str, dict[str, Any]] = {
    "orders": {"action": pl.Enum(["add", "cancel", "execute"]), "order_id": pl.Int64, "side": pl.Int8,
               "price": pl.Float64, "amount": pl.Float64},
    "book": {"side": pl.Int8, "price": pl.Float64, "amount": pl.Float64, "snapshot": pl.Boolean, "sequence": pl.Int64,
             "previous_sequence": pl.Int64},
    "quotes": dict.fromkeys(("bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64),
    "trades": {"price": pl.Float64, "amount": pl.Float64, "side": pl.Int8},
    "states": {"sequence": pl.Int64, "bid_levels": pl.Int64, "ask_levels": pl.Int64, "bid_total": pl.Float64,
               "ask_total": pl.Float64},
}  # fmt: skip


@dataclass(frozen=True)
class Market:
    """A generated market, or a piece of one: frames that agree with each other.

    What happens at one time is a trade first and then what it leaves of the book: the quote in force at a trade is the
    last one before its time, and the trade is at its bid or ask and takes no more than it shows.

    Attributes
    ----------
    orders
        Every order: ``time_exchange``, ``instrument``, ``action`` (``add``, ``cancel``, ``execute``), ``order_id``,
        ``side`` (+1 for a bid), ``price``, ``amount`` that came, went or was executed; first those of the opening.
    book
        For :func:`~barter_bt.data.book`: a snapshot, then a message for each event, numbered.
    quotes
        For :func:`~barter_bt.data.quotes`: the best prices, where they or their amounts change.
    trades
        For :func:`~barter_bt.data.trades`: one for each market order, ``side`` +1 where it bought.
    funding
        For :func:`~barter_bt.data.funding`: 1e-4 x (bought - sold) / (bought + sold) by market orders since the rate
        before, on 1e-8; 0 where nothing was traded.
    states
        Behind each message, by its ``sequence``, how many levels each side has and what stands there in all.
    """

    orders: pl.DataFrame
    book: pl.DataFrame
    quotes: pl.DataFrame
    trades: pl.DataFrame
    funding: pl.DataFrame
    states: pl.DataFrame

    def levels_at(self, time_ns: int | None = None) -> pl.DataFrame:
        """The true book behind all events up to a time (by default all): ``side``, ``price``, ``amount``.

        From the lowest bid to the highest ask, summed up from the orders alone.

        Raises
        ------
        ConfigError
            This is not the first piece of its market.
        """
        orders = self.orders
        if orders.is_empty() or orders["order_id"][0] != 1:
            raise ConfigError("levels_at: the orders of this piece do not begin with the opening", "join all pieces")
        if time_ns is not None:
            orders = orders.filter(pl.col("time_exchange").to_physical() <= time_ns)
        sign = pl.when(pl.col("action") == "add").then(1).otherwise(-1)
        lots = ((pl.col("amount") * LOTS).round().cast(pl.Int64) * sign).sum()
        levels = orders.group_by("side", "price").agg(lots.alias("lots")).filter(pl.col("lots") > 0)
        levels = levels.sort("side", "price", descending=[True, False])
        # NumPy divides; Polars multiplies by the reciprocal of a constant, which is another float
        return levels.select("side", "price", amount=pl.Series(levels["lots"].to_numpy() / LOTS))

    def candles(self, every: str = "1m") -> pl.DataFrame:
        """Candles of the trades, for :func:`~barter_bt.data.candles`; ``every`` as for an aggregate."""
        made = Aggregator("trades", every=every)
        return pl.concat([made.push(self.trades), made.finish()]).drop("time_received")

    @staticmethod
    def joined(pieces: Iterable[Market]) -> Market:
        """Pieces that follow each other, as one.

        Examples
        --------
        >>> walk = MarketWalk(seed=3)
        >>> Market.joined([walk.next(10), walk.next(10)]).states.height
        21
        """
        given = list(pieces)
        return Market(*(pl.concat([getattr(one, field.name) for one in given]) for field in fields(Market)))


class MarketWalk:
    """Makes a market piece by piece; the rows do not depend on how many are asked for at a time.

    Parameters
    ----------
    instrument
        Its name.
    seed
        Of the random numbers.
    mean_step
        Mean time between events.
    snapshot_every
        Every so many events the message of the book is a snapshot; by default the first alone.
    funding_every
        Time between rates of funding, from 2020-01-01 UTC on.
    market_orders
        Share of the events that are market orders, above 0 and below 1. The more, the wider the spread; of 0.4 it is
        two ticks, and who makes a market can earn it.

    Examples
    --------
    >>> MarketWalk().next(100).book["sequence"][-1]
    100
    """

    def __init__(
        self,
        instrument: str = "walk_usd",
        *,
        seed: int = 17,
        mean_step: str = "10ms",
        snapshot_every: int | None = None,
        funding_every: str = "8h",
        market_orders: float = 0.12,
    ) -> None:
        for name, value in (("mean_step", mean_step), ("funding_every", funding_every)):
            if duration_ns(value, name) <= 0:
                raise ConfigError(f"{name} is {value!r}; it must be positive")
        if snapshot_every is not None and snapshot_every < 1:
            raise ConfigError(f"snapshot_every is {snapshot_every}; it must be at least 1")
        if not 0 < market_orders < 1:
            raise ConfigError(f"market_orders is {market_orders}; it is a share, above 0 and below 1")
        self._name, self._snapshot_every = instrument, snapshot_every
        self._flow = OrderFlow(seed, mean_step_ns=duration_ns(mean_step, "mean_step"), market_orders=market_orders)
        self._funding_ns = duration_ns(funding_every, "funding_every")
        self._rate_due = START_NS + self._funding_ns
        self._taken = {BID: 0, ASK: 0}  # by market orders, since the last rate
        self._totals = {side: sum(one.lots for one in self._flow.opening if one.side == side) for side in (BID, ASK)}
        self._sequence = 0
        self._quote: tuple[int, ...] = ()

    def next(self, events: int) -> Market:
        """The next events as a market; the first piece begins with the orders that rest at the opening."""
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in (*_SCHEMAS, "funding")}
        if not self._sequence and not self._quote:
            rows["orders"] += map(_order, self._flow.opening)
            self._tell_book(rows, self._flow.opening[0], is_snapshot=True)
        for changes in self._flow.next(events):
            self._tell(rows, changes)
        return Market(**{name: self._frame(name, rows[name]) for name in (field.name for field in fields(Market))})

    def _tell(self, rows: dict[str, list[tuple[Any, ...]]], changes: Sequence[Change]) -> None:
        first = changes[0]
        while first.time_ns >= self._rate_due:
            rows["funding"].append((self._rate_due, self._rate()))
            self._rate_due += self._funding_ns
        lots = sum(one.lots for one in changes)
        self._totals[first.side] += lots if first.action == "add" else -lots
        self._sequence += 1
        rows["orders"] += map(_order, changes)
        if first.action == "execute":
            self._taken[-first.side] += lots
            rows["trades"].append((first.time_ns, first.price / TICKS, lots / LOTS, -first.side))
        is_snapshot = self._snapshot_every is not None and self._sequence % self._snapshot_every == 0
        self._tell_book(rows, first, is_snapshot=is_snapshot)

    def _tell_book(self, rows: dict[str, list[tuple[Any, ...]]], first: Change, *, is_snapshot: bool) -> None:
        levels, best = self._flow.levels, self._flow.best
        shown = [(first.side, first.price)]
        if is_snapshot:
            shown = [(side, price) for side in (BID, ASK) for price in sorted(levels[side])]
        numbers = (is_snapshot, self._sequence, self._sequence - 1)
        for side, price in shown:
            amount = sum(levels[side].get(price, {}).values()) / LOTS
            rows["book"].append((first.time_ns, side, price / TICKS, amount, *numbers))
        quote = tuple(each for side in (BID, ASK) for each in (best[side], sum(levels[side][best[side]].values())))
        if quote != self._quote:
            self._quote = quote
            bid, bid_lots, ask, ask_lots = quote
            rows["quotes"].append((first.time_ns, bid / TICKS, bid_lots / LOTS, ask / TICKS, ask_lots / LOTS))
        counts = [len(levels[side]) for side in (BID, ASK)]
        totals = [self._totals[side] / LOTS for side in (BID, ASK)]
        rows["states"].append((first.time_ns, self._sequence, *counts, *totals))

    def _rate(self) -> float:
        bought, sold = self._taken[BID], self._taken[ASK]
        self._taken = {BID: 0, ASK: 0}
        return round(1e-4 * (bought - sold) / (bought + sold), 8) if bought + sold else 0.0

    def _frame(self, name: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
        time = "time" if name == "funding" else "time_exchange"
        rest = {"rate": pl.Float64} if name == "funding" else _SCHEMAS[name]
        kinds = {time: pl.Int64, **rest}
        columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
        frame = pl.DataFrame(dict(zip(kinds, columns, strict=True)), kinds)
        return frame.select(pl.col(time).cast(TIME), pl.lit(self._name).alias("instrument"), *rest)


def _order(one: Change) -> tuple[Any, ...]:
    return (one.time_ns, one.action, one.order_id, one.side, one.price / TICKS, one.lots / LOTS)
