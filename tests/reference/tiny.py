"""Scenarios made by hand, for both engines: prices and quantities are whole, times are seconds after the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from barter_bt.testing.scenario import START, Conditions, ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec

from .compare import disagreement
from .engine import run
from .tables import Tables

UNIT = 10**9  # units of one whole asset
BTC = InstrumentSpec("btc_usd", "alpha", "btc", "usd")
PERP = replace(BTC, name="btc_usd_perp", kind="perpetual", margin="0.5")
ETH = replace(BTC, name="eth_usd", base="eth")
FUTURE = replace(PERP, name="btc_usd", kind="future")


_NONE = None, None  # a message without numbers


def t(seconds: float) -> int:
    """A time, in seconds after the start."""
    return START + int(seconds * UNIT)


def trade(time: float, price: float, amount: float, name: str = "btc_usd") -> Row:
    return (t(time), None, name, price, amount)


def quote(time: float, bid: float, bid_amount: float, ask: float, ask_amount: float, name: str = "btc_usd") -> Row:
    return (t(time), None, name, bid, bid_amount, ask, ask_amount)


def candle(opening: float, prices: tuple[float, float, float, float], name: str = "btc_usd") -> Row:
    """A candle of ten seconds: open, high, low, close."""
    return (t(opening), t(opening + 10), None, name, *prices, 1.0)


def message(
    time: float, bids: Any = (), asks: Any = (), snapshot: bool = False, number: tuple[int | None, int | None] = _NONE
) -> list[Row]:
    """Rows of a message about a book: levels as price and amount, its number and that of the one that it follows."""
    levels = [(1, *one) for one in bids] + [(-1, *one) for one in asks]
    return [(t(time), None, "btc_usd", *level, snapshot, *number) for level in levels or [(0, 0.0, 0.0)]]


def limit(time: float, quantity: float, price: float | None, tif: str = "gtc", post_only: bool = False) -> Row:
    return ("open", t(time), "btc_usd", quantity, price, tif, post_only)


def market(time: float, quantity: float, tif: str = "gtc", name: str = "btc_usd") -> Row:
    return ("open", t(time), name, quantity, None, tif, False)


def cancel(time: float, ref: int) -> Row:
    return ("cancel", t(time), ref)


def held(
    time: float, quantity: float, price: float | None = None, tif: str = "gtc", name: str = "btc_usd", **conditions: Any
) -> Row:
    """An order with conditions, a market order unless it has a price."""
    return ("open", t(time), name, quantity, price, tif, False, Conditions(**conditions))


def simulate(kind: Any, rows: list[Row], schedule: list[Row], **terms: Any) -> Tables:
    """One instrument, one stream."""
    return agreed({kind: rows}, schedule, **terms)


def agreed(streams: dict[Any, list[Row]], schedule: list[Row], *flows: Row, **terms: Any) -> Tables:
    """One instrument or several, streams by kind: what the reference makes of it, if the engine does the same."""
    scenario = scenario_of(streams, schedule, cash_flows=flows, **terms)
    text = disagreement(scenario, interpret=True)
    assert not text, text
    return run(scenario)


def scenario_of(
    streams: dict[Any, list[Row]],
    schedule: list[Row],
    *,
    usd: str = "1000",
    btc: str = "0",
    jpy: str = "",
    item: Any = BTC,
    **terms: Any,
) -> Scenario:
    """One instrument or several, streams by kind, on one exchange; ``terms`` are of the exchange or the scenario."""
    names = ExchangeSpec.__dataclass_fields__
    exchange = ExchangeSpec("alpha", **{name: term for name, term in terms.items() if name in names})
    rest = {name: term for name, term in terms.items() if name not in names}
    amounts = {"usd": usd, "btc": btc} | ({"jpy": jpy} if jpy else {})
    balances = tuple(("alpha", asset, amount) for asset, amount in amounts.items())
    each = tuple(StreamSpec(kind, tuple(rows)) for kind, rows in streams.items())
    items = item if isinstance(item, tuple) else (item,)
    return Scenario(items, (exchange,), each, balances, tuple(schedule), **rest)


def bar(opening: float, prices: tuple[float, float, float, float], volume: float, name: str = "btc_usd") -> Row:
    """A candle with this volume."""
    return (*candle(opening, prices, name)[:-1], volume)


def paid(tables: Tables) -> list[tuple[float, float]]:
    """Of each payment: seconds after the start, at the venue, and whole assets."""
    return [
        ((row["time_exchange"] - START) / UNIT, float(row["amount"] * tables.units[row["asset"]]))
        for row in tables.payments
    ]


def balances(tables: Tables, name: str = "usd") -> list[tuple[float, float, float]]:
    """Of each snapshot of an asset: seconds after the start, total, free."""
    found = [(row, tables.units[row["asset"]]) for row in tables.balances if tables.assets[row["asset"]][1] == name]
    return [
        ((row["time_exchange"] - START) / UNIT, float(row["total"] * unit), float(row["free"] * unit))
        for row, unit in found
    ]


def ends(tables: Tables) -> list[tuple[str, str]]:
    return [(order["status"], order["reason"]) for order in tables.orders]


def fills(tables: Tables) -> list[tuple[int, int, int, str]]:
    """Of each trade: seconds after the start, price, quantity, liquidity."""
    rows = tables.trades
    return [((row["time_exchange"] - START) // UNIT, row["price"], row["quantity"], row["liquidity"]) for row in rows]


def triggered(tables: Tables) -> list[int | None]:
    """When each order was triggered, in seconds after the start."""
    times = [order["time_triggered"] for order in tables.orders]
    return [None if time is None else (time - START) // UNIT for time in times]


def moves(*prices: float) -> list[Row]:
    """A trade of nine each second."""
    return [trade(second, price, 9) for second, price in enumerate(prices)]


def each_filled(tables: Tables) -> dict[int, int]:
    """What was filled, by order."""
    return {number: order["filled"] for number, order in enumerate(tables.orders) if order["filled"]}
