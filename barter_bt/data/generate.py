"""Seeded random walks: market data of any length for examples, tests and benchmarks.

The figures in the documentation are those of these walks. Every generator exists twice: as a
canonical Polars frame and, with ``_arrays`` behind its name, as the arrays underneath. NumPy promises
neither the streams of its generators nor the last bit of ``exp``, so the tests pin a checksum of
rounded values.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.data.generated import Market, MarketWalk
from barter_bt.data.order_flow import START_NS
from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError

__all__ = [
    "Market",
    "MarketWalk",
    "candles",
    "candles_arrays",
    "market",
    "panel",
    "panel_candles",
    "quotes",
    "quotes_arrays",
    "trades",
    "trades_arrays",
]

Arrays = dict[str, np.ndarray]

_MINUTE_NS = 60_000_000_000
_DAY_NS = 86_400_000_000_000
_PANEL_START_NS = 946_684_800_000_000_000  # 2000-01-01 UTC
_TICK = 100  # ticks per unit of price


_PANEL_DAYS = (2**63 - 1 - _PANEL_START_NS) // _DAY_NS


def candles_arrays(n: int, seed: int = 42) -> Arrays:
    """Minute candles from 2020-01-01: ``time_close`` in seconds, open, high, low, close on 1e-4, volume.

    Examples
    --------
    >>> candles_arrays(2)["time_close"].tolist()
    [1577836860, 1577836920]
    """
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.0008, n) - 0.5 * 0.0008**2))
    open_ = np.empty(n)
    open_[:1], open_[1:] = 100, close[:-1]
    wick = np.abs(rng.normal(0, 0.0003, (2, n)))
    high = np.maximum(open_, close) * (1 + wick[0])
    low = np.minimum(open_, close) * (1 - wick[1])
    open_, high, low, close = (np.round(x, 4) for x in (open_, high, low, close))
    return {
        "time_close": START_NS // 10**9 + 60 * np.arange(1, n + 1),
        "open": open_,
        "high": np.maximum.reduce([open_, high, low, close]),
        "low": np.minimum.reduce([open_, high, low, close]),
        "close": close,
        "volume": np.round(rng.lognormal(5, 1, n), 2),
    }


def candles(n: int, seed: int = 42, instrument: str = "walk_usd") -> pl.DataFrame:
    """Minute candles of one instrument as a canonical frame.

    Examples
    --------
    >>> candles(3)["close"].to_list()
    [100.0243, 99.9411, 100.0011]
    """
    walk = candles_arrays(n, seed)
    close_ns = walk["time_close"].astype(np.int64) * 10**9
    times = {"time_exchange": _times(close_ns), "time_open": _times(close_ns - _MINUTE_NS)}
    prices = {name: walk[name] for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame({**times, "instrument": _names([instrument], np.zeros(n, np.uint32)), **prices})


def trades_arrays(n: int, instruments: int = 3, seed: int = 7) -> Arrays:
    """Trades on a grid of 0.01: ``time_exchange`` in ns, instrument from 0, side 0 or 1, price, amount.

    Examples
    --------
    >>> sorted(trades_arrays(1))
    ['amount', 'instrument', 'price', 'side', 'time_exchange']
    """
    rng = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(rng.integers(-1, 2, n) * 1e-5))
    return {
        "time_exchange": START_NS + np.cumsum(rng.integers(1_000_000, 20_000_000, n)),
        "instrument": rng.integers(0, instruments, n),
        "side": rng.integers(0, 2, n),
        "price": np.round(100 * walk, 2),
        "amount": np.round(rng.lognormal(0, 1, n) + 0.001, 3),
    }


def trades(n: int, instruments: int = 3, seed: int = 7) -> pl.DataFrame:
    """Trades of several instruments (``walk0_usd``, ...) as a canonical frame; side 1 is a buy, 0 a sell.

    Examples
    --------
    >>> trades(2).schema["side"]
    Int8
    """
    walk = trades_arrays(n, instruments, seed)
    return pl.DataFrame(
        {
            "time_exchange": _times(walk["time_exchange"]),
            "instrument": _names(_walks(instruments), walk["instrument"]),
            "price": walk["price"],
            "amount": walk["amount"],
            "side": (2 * walk["side"] - 1).astype(np.int8),
        }
    )


def quotes_arrays(n: int, instruments: int = 3, seed: int = 13) -> Arrays:
    """Best quotes on the same walk: grid 0.01, spread of 1 to 3 ticks, amounts on 0.001, never crossed.

    Times start at 2020-01-01 with the same steps as the trades, so that both interleave.

    Examples
    --------
    >>> walk = quotes_arrays(100)
    >>> bool((walk["bid_price"] < walk["ask_price"]).all())
    True
    """
    rng = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(rng.integers(-1, 2, n) * 1e-5))
    time = START_NS + np.cumsum(rng.integers(1_000_000, 20_000_000, n))
    instrument = rng.integers(0, instruments, n)
    spread = rng.integers(1, 4, n)
    bid = np.rint(100 * _TICK * walk).astype(np.int64) - spread // 2
    amounts = np.round(rng.lognormal(0, 1, (2, n)) + 0.001, 3)
    return {
        "time_exchange": time,
        "instrument": instrument,
        "bid_price": bid / _TICK,
        "bid_amount": amounts[0],
        "ask_price": (bid + spread) / _TICK,
        "ask_amount": amounts[1],
    }


def quotes(n: int, instruments: int = 3, seed: int = 13) -> pl.DataFrame:
    """Best quotes of several instruments (``walk0_usd``, ...) as a canonical frame.

    Examples
    --------
    >>> quotes(2).columns
    ['time_exchange', 'instrument', 'bid_price', 'bid_amount', 'ask_price', 'ask_amount']
    """
    walk = quotes_arrays(n, instruments, seed)
    prices = {name: walk[name] for name in ("bid_price", "bid_amount", "ask_price", "ask_amount")}
    names = _names(_walks(instruments), walk["instrument"])
    return pl.DataFrame({"time_exchange": _times(walk["time_exchange"]), "instrument": names, **prices})


def market(
    events: int,
    instrument: str = "walk_usd",
    *,
    seed: int = 17,
    mean_step: str = "10ms",
    snapshot_every: int | None = None,
    funding_every: str = "8h",
    market_orders: float = 0.12,
) -> Market:
    """One market as all kinds of data tell it: orders, books, quotes, trades and rates of funding that agree.

    Trades are at the bid or ask of their time and take no more than stands there; books are never crossed or locked;
    quotes are the best of the book. What the true book is at any time, the market tells. Larger ones come in pieces
    from a :class:`MarketWalk`, whose parameters these are.

    Parameters
    ----------
    events
        How many orders come, are cancelled, or trade.
    instrument, seed, mean_step, snapshot_every, funding_every, market_orders
        As for :class:`MarketWalk`.

    Examples
    --------
    >>> made = market(1000)
    >>> made.trades.height, made.quotes.height, made.levels_at().equals(made.levels_at(2**62))
    (136, 376, True)
    """
    walk = MarketWalk(
        instrument,
        seed=seed,
        mean_step=mean_step,
        snapshot_every=snapshot_every,
        funding_every=funding_every,
        market_orders=market_orders,
    )
    return walk.next(events)


def panel(rows: int = 5_000, instruments: int = 500, seed: int = 11) -> np.ndarray:
    """Daily closes, one column per instrument, on 1e-4.

    Examples
    --------
    >>> panel(2, 3).shape
    (2, 3)
    """
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0002, 0.015, (rows, instruments))
    closes: np.ndarray = np.round(100 * np.exp(np.cumsum(steps, axis=0)), 4)
    return closes


def panel_candles(rows: int = 5_000, instruments: int = 500, seed: int = 11) -> pl.DataFrame:
    """Make daily candles of the panel, sorted by time, then instrument (``walk000_usd``, ...).

    Closes are at 00:00 UTC from 2000-01-02. Each open equals the close before it (the first its own), high
    and low are their extremes.

    Examples
    --------
    >>> panel_candles(2, 3)["instrument"].to_list()[:3]
    ['walk0_usd', 'walk1_usd', 'walk2_usd']
    """
    if not 0 <= rows <= _PANEL_DAYS:
        raise ConfigError(f"a panel of {rows} days; from 2000 to 2262, where time ends, there are {_PANEL_DAYS}")
    close = panel(rows, instruments, seed)
    open_ = np.concatenate([close[:1], close[:-1]])
    close_ns = np.repeat(_PANEL_START_NS + _DAY_NS * np.arange(1, rows + 1, dtype=np.int64), instruments)
    return pl.DataFrame(
        {
            "time_exchange": _times(close_ns),
            "time_open": _times(close_ns - _DAY_NS),
            "instrument": _names(_walks(instruments), np.tile(np.arange(instruments, dtype=np.uint32), rows)),
            "open": open_.ravel(),
            "high": np.maximum(open_, close).ravel(),
            "low": np.minimum(open_, close).ravel(),
            "close": close.ravel(),
            "volume": np.full(rows * instruments, 1_000_000.0),
        }
    )


def _times(ns: np.ndarray) -> pl.Series:
    return pl.Series(ns.astype(np.int64, copy=False)).cast(TIME)


def _walks(instruments: int) -> list[str]:
    """Names whose alphabetical order is their order."""
    width = len(str(instruments - 1))
    return [f"walk{i:0{width}}_usd" for i in range(instruments)]


def _names(names: list[str], codes: np.ndarray) -> pl.Series:
    return pl.Series(names, dtype=pl.Enum(names)).gather(codes.astype(np.uint32, copy=False))
