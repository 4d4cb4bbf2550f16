"""Random backtests of the simplest kind: targets on candles of spot, without delays, limits and extra costs.

Most searches for parameters are of this kind, and the engine has its shortest ways for it, so that little may be drawn
that other scenarios have, and what remains collides as often as it can.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.flows import with_cash_flows
from barter_bt.testing.scenario.instruments import GRIDS, PAIRS, RATES
from barter_bt.testing.scenario.market import make_rows, make_stamps
from barter_bt.testing.scenario.numbers import NEAR, SECOND, between, in_ticks, plain, worth
from barter_bt.testing.scenario.orders import make_open, make_target
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Conditions, ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec


def make_simple(source: Source) -> Scenario:
    """One or two instruments, candles that mostly follow each other, targets that mostly come at their closes."""
    instruments = tuple(_instrument(source, pair) for pair in PAIRS[: source.pick((1, 1, 1, 2))])
    together = chance(source, 70)
    groups = [list(instruments)] if together else [[item] for item in instruments]
    streams = tuple(StreamSpec("candles", _candles(source, members)) for members in groups)
    scenario = Scenario(
        instruments,
        (ExchangeSpec("alpha", candle_fill=source.pick(("next_open", "next_open", "next_open", "this_close"))),),
        streams,
        _balances(source, instruments),
        size=source.pick(("units", "notional", "equity")),
        with_fee=chance(source, 50),
        strict=chance(source, 15),
        band=source.pick(("0", "0", "0", "0.1")),
        mark_every_ns=source.pick((None, None, None, None, None, 2 * SECOND)),
    )
    return with_cash_flows(source, replace(scenario, schedule=_targets(source, scenario)))


def _instrument(source: Source, pair: tuple[str, str, str, str]) -> InstrumentSpec:
    name, base, quote, _ = pair
    tick, lot = source.pick(GRIDS)
    least = plain(Decimal(lot) * source.integer(2, 9) / 2) if chance(source, 15) else None
    contract = "0.01" if chance(source, 10) else "0"
    return InstrumentSpec(
        name,
        "alpha",
        base,
        quote,
        tick=tick,
        lot=lot,
        quantity_min=least,
        taker=source.pick(RATES),
        per_contract=contract,
    )


def _candles(source: Source, members: list[InstrumentSpec]) -> tuple[Row, ...]:
    """Each opens when the one before closes; sometimes with gaps of their own, and as late as they come."""
    if chance(source, 25):
        return make_rows(source, "candles", members)
    rows: list[Row] = []
    for time, close, item in make_stamps(source, members):
        prices = sorted(between(source, NEAR) for _ in range(4))
        inner = prices[1:3] if source.integer(0, 1) else prices[2:0:-1]
        ohlc = (inner[0], prices[3], prices[0], inner[1])
        rows.append((time, close, None, item.name, *(in_ticks(item, ticks) for ticks in ohlc), 1.0))
    return tuple(rows)


def _balances(source: Source, instruments: tuple[InstrumentSpec, ...]) -> tuple[tuple[str, str, str], ...]:
    """Money for a few lots or for many, and sometimes what can be sold at once."""
    lot = max(worth(item.kind, item.tick, "1") * Decimal(item.lot) for item in instruments)
    money = ("alpha", "usd", plain(lot * source.pick((3, 10, 30, 1000))))
    held = [("alpha", item.base, plain(Decimal(item.lot) * 5)) for item in instruments if chance(source, 20)]
    return (money, *held)


def _targets(source: Source, scenario: Scenario) -> tuple[Row, ...]:
    """Mostly one at a time and without conditions; now and then of several, or an order."""
    closes = sorted({row[1] for stream in scenario.streams for row in stream.rows})
    rows: list[Row] = []
    for close in closes:
        if chance(source, 30):
            continue
        time = close + source.pick((0, 0, 0, 0, 0, 0, 0, 1, SECOND // 2))
        if any(row[1] == time for row in rows):
            continue
        if chance(source, 10):
            rows.append(make_open(source, time, source.pick(scenario.instruments)))
            continue
        count = source.pick((1, 1, 1, len(scenario.instruments)))
        for item in scenario.instruments[-count:]:
            row: Row = ("target", time, item.name, make_target(source, scenario, item))
            if chance(source, 10):
                row = (
                    *row,
                    source.pick((Conditions(good_till=time + 5 * SECOND // 2), Conditions(candle_fill="next_close"))),
                )
            rows.append(row)
    return tuple(sorted(rows, key=lambda row: row[1]))
