"""The known answers of the cases, and the shared signals: plain NumPy on exact integer sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

CASH = 1_000_000.0
FEE = 0.001
EVERY = 1_000
"""Every such event of a replay sends one market order."""
REBALANCE = 21
"""Rows between two rebalances."""
BOOK = (99.99, 100.01)
"""Bid and ask of a tool that fills from a book which trades do not move."""
FAR = 5.0
"""How far below the first bid the resting orders stand: no price of ten million events comes near."""
STOP, TARGET = 0.002, 0.004
"""How far behind the best price a trailing stop stands, and how far before the entry's a take profit."""
FEW_BLOCKS = 8
"""Blocks of which all splits can be counted one by one."""
SPACING = 100
"""Candles from one entry to the next that has both."""

Columns = Mapping[str, npt.NDArray[np.generic]]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answer:
    """What a run of a case must end with; the tolerance of the equity is part of it."""

    orders: int
    equity: float
    tolerance: float
    why: str


def crosses(close: Floats, fast: int = 20, slow: int = 50, decimals: int = 4) -> tuple[Bools, Bools]:
    """Entries and exits of a moving-average cross, from integer ticks so that ties are exact."""
    total = np.insert(np.cumsum(np.rint(close * 10**decimals).astype(np.int64)), 0, 0)
    above, below = (np.zeros(len(close), np.bool_) for _ in range(2))
    quick = (total[slow:] - total[slow - fast : -fast]) * slow
    steady = (total[slow:] - total[:-slow]) * fast
    above[slow - 1 :], below[slow - 1 :] = quick > steady, quick < steady
    entries, exits = (np.zeros(len(close), np.bool_) for _ in range(2))
    # The first row with both means is no cross: there is nothing to have crossed from.
    entries[slow:] = above[slow:] & ~above[slow - 1 : -1]
    exits[slow:] = below[slow:] & ~below[slow - 1 : -1]
    return entries, exits


def sma_cross(close: Floats, own_signals: bool) -> Answer:
    """One unit, long from an entry to the next exit, filled at the signal's close."""
    entries, exits = crosses(close)
    cash, held, orders = CASH, 0, 0
    for row in np.flatnonzero(entries | exits):
        if entries[row] and not held:
            cash, held, orders = cash - float(close[row]) * (1 + FEE), 1, orders + 1
        elif exits[row] and held:
            cash, held, orders = cash + float(close[row]) * (1 - FEE), 0, orders + 1
    equity = cash + held * float(close[-1])
    if own_signals:
        return Answer(orders, equity, 1.0, "floating-point means break ties of the two averages differently")
    return Answer(orders, equity, 0.01, "same signals, so only rounding is left")


SWEEP_CANDLES, SWEEP_SETS = 100_000, 1_000
_FAST, _SLOW = range(5, 25), range(25, 75)


def sweep_pairs(scale: float = 1.0) -> list[tuple[int, int]]:
    """Fast and slow averages, 1,000 pairs of them or fewer."""
    return [(fast, slow) for fast in _FAST for slow in _SLOW][: max(2, round(SWEEP_SETS * scale))]


def sweep(close: Floats, pairs: list[tuple[int, int]]) -> Answer:
    """One unit while the fast average is above the slow one; the mean of all final equities."""
    ends = []
    for fast, slow in pairs:
        entries, exits = crosses(close, fast, slow)
        rows = np.flatnonzero(entries | exits)
        rows = rows[int(not entries[rows[0]]) :] if len(rows) else rows
        sides = np.where(entries[rows], 1.0, -1.0)
        cash = CASH - float((sides * close[rows]).sum()) - FEE * float(close[rows].sum())
        ends.append(cash + float(sides.sum()) * float(close[-1]))
    return Answer(0, float(np.mean(ends)), 1.0, "whether what is above from the start is a cross; ties of averages")


def _flips(instrument: Ints, buy: Floats, sell: Floats) -> tuple[float, Floats]:
    """Cash and positions after orders that flip their instrument between flat and one unit."""
    held, cash = np.zeros(int(instrument.max()) + 1), CASH
    for which, ask, bid in zip(instrument, buy, sell, strict=True):
        side = -1 if held[which] else 1
        fill = float(ask if side > 0 else bid)
        held[which] += side
        cash -= side * fill + FEE * fill
    return cash, held


def _last(instrument: Ints, which: Ints, rows: Ints) -> Ints:
    """Row of the last event of instrument ``which[i]`` at or before ``rows[i]``."""
    found = np.empty(len(rows), np.int64)
    for one in np.unique(which):
        own, asked = np.flatnonzero(instrument == one), which == one
        found[asked] = own[np.searchsorted(own, rows[asked], side="right") - 1]
    return found


def replay(trades: Columns, fixed_book: bool, every: int = EVERY) -> Answer:
    """Every 1000th trade sends an order in its instrument, filled at that trade's price."""
    instrument, price = trades["instrument"].astype(np.int64), trades["price"].astype(np.float64)
    rows = np.arange(every - 1, len(price), every)
    if fixed_book:
        bid, ask = (np.full(len(rows), side) for side in BOOK)
        cash, held = _flips(instrument[rows], ask, bid)
        equity = cash + float(held.sum()) * sum(BOOK) / 2
        return Answer(len(rows), equity, 0.01, "fills at the fixed book, marked at its middle")
    cash, held = _flips(instrument[rows], price[rows], price[rows])
    each = np.arange(len(held))
    equity = cash + float(held @ price[_last(instrument, each, np.full(len(each), len(price) - 1))])
    return Answer(len(rows), equity, 5.0, "tools fill at this event's, the last or the next price")


SWEEP_TRADES = 1_000_000


def sweep_every(scale: float = 1.0) -> list[int]:
    """At each how many trades an order is sent: a hundred sets, or fewer."""
    return list(range(EVERY, 2 * EVERY, EVERY // 100))[: max(2, round(100 * scale))]


def sweep_compiled(trades: Columns, fixed_book: bool, sets: list[int]) -> Answer:
    """The replay with each of them, of one instrument; the mean of all final equities."""
    one = {"instrument": np.zeros(len(trades["price"]), np.int64), "price": trades["price"]}
    ends = [replay(one, fixed_book, every) for every in sets]
    return Answer(sum(each.orders for each in ends), float(np.mean([each.equity for each in ends])), 5.0, ends[0].why)


def replay_quotes(trades: Columns, quotes: Columns) -> Answer:
    """The same on quotes and trades merged by time, quotes first: filled at the instrument's last quote."""
    times = np.concatenate((quotes["time_exchange"], trades["time_exchange"]))
    order = np.argsort(times, kind="stable")
    instrument = np.concatenate((quotes["instrument"], trades["instrument"]))[order].astype(np.int64)
    is_quote = order < len(quotes["time_exchange"])
    shown = np.where(is_quote, instrument, -1)
    bid, ask = (quotes[key].astype(np.float64) for key in ("bid_price", "ask_price"))
    rows = np.arange(EVERY - 1, len(order), EVERY)
    seen = order[_last(shown, instrument[rows], rows)]
    cash, held = _flips(instrument[rows], ask[seen], bid[seen])
    each = np.arange(len(held))
    end = order[_last(shown, each, np.full(len(each), len(order) - 1))]
    equity = cash + float(held @ ((bid[end] + ask[end]) / 2))
    return Answer(len(rows), equity, 0.01, "fills at the last quote, marked at its middle")


def rebalance(close: Floats) -> Answer:
    """Equal weight of the whole equity every 21 rows from row 0, sized without the fee."""
    cash, quantity = CASH, np.zeros(close.shape[1])
    for row in close[::REBALANCE]:
        trade = (cash + quantity @ row) / len(row) / row - quantity
        cash, quantity = cash - float(trade @ row) - FEE * float(np.abs(trade) @ row), quantity + trade
    orders = len(close[::REBALANCE]) * close.shape[1]
    equity = cash + float(quantity @ close[-1])
    return Answer(orders, equity, 0.002 * equity, "tools differ in how they keep back the fee of an order")


def overfitting(values: Floats) -> Answer:
    """How often the best of one half of the time is below the median in the other: split by split."""
    blocks = np.array_split(np.arange(len(values)), FEW_BLOCKS)
    below, splits = 0, list(combinations(range(FEW_BLOCKS), FEW_BLOCKS // 2))
    for chosen in splits:
        inside = np.isin(np.arange(FEW_BLOCKS), chosen)
        halves = [np.concatenate([blocks[k] for k in np.flatnonzero(part)]) for part in (inside, ~inside)]
        trained, tested = (values[rows].mean(axis=0) / values[rows].std(axis=0, ddof=1) for rows in halves)
        best = tested[trained.argmax()]
        below += (tested < best).sum() + 1 < (values.shape[1] + 1) / 2
    return Answer(0, float(below) / len(splits), 1e-12, "counted split by split")


def aggregate(trades: Columns) -> Answer:
    """Candles of a minute by instrument, and the sum of their prices and volumes: by sorting all rows."""
    window = trades["time_exchange"] // 60_000_000_000
    order = np.lexsort((np.arange(len(window)), window, trades["instrument"]))
    price, amount = trades["price"][order], trades["amount"][order]
    changes = np.diff(window[order], prepend=-1) != 0
    changes |= np.diff(trades["instrument"][order], prepend=-1) != 0
    first = np.flatnonzero(changes)
    last = np.append(first[1:], len(order)) - 1
    extremes = np.maximum.reduceat(price, first) + np.minimum.reduceat(price, first)
    total = float((price[first] + price[last] + extremes).sum() + amount.sum())
    return Answer(len(first), total, 1e-9 * abs(total), "order of the additions")
