"""Random backtests of orders that wait: limits, stops and what follows the market, over many candles of one instrument.

Prices walk in small steps, so that most candles reach no order and some just do.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.activation import with_activation
from barter_bt.testing.scenario.conditions import with_conditions, with_good_till, with_protection
from barter_bt.testing.scenario.instruments import GRIDS, PAIRS, RATES
from barter_bt.testing.scenario.margins import with_maintenance
from barter_bt.testing.scenario.numbers import CENTER, SECOND, START, in_ticks, plain, text, worth
from barter_bt.testing.scenario.orders import make_open
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec

_WIDE = (CENTER - 12, CENTER + 12)


def make_waiting(source: Source) -> Scenario:
    """Candles that mostly follow each other, and a few orders that wait; nobody is woken."""
    exchange = ExchangeSpec(
        "alpha",
        account=source.pick(("cash", "cash", "margin")),
        limit_fill=source.pick(("through", "through", "touch")),
        candle_fill=source.pick(("next_open", "next_open", "this_close", "next_close")),
        candle_path=source.pick(("pessimistic", "pessimistic", "pessimistic", "optimistic", "adaptive")),
        response_ns=source.pick((0, 0, 0, SECOND // 2)),
    )
    item = with_maintenance(source, _instrument(source), exchange.account == "margin")
    candles = _candles(source, item)
    lots = worth(item.kind, item.tick, "1") * Decimal(item.lot)
    held = [("alpha", item.base, plain(Decimal(item.lot) * 8))] if item.kind == "spot" and chance(source, 50) else []
    scenario = Scenario(
        (item,),
        (exchange,),
        (StreamSpec("candles", candles),),
        (("alpha", item.money, text(lots * source.pick((1, 3, 10, 40, 1000)))), *held),
        protect_by=source.pick(("price", "distance", "fraction")),
    )
    rows = _orders(source, item, [row[1] for row in candles])
    spans = {item.name: _WIDE}
    rows = with_conditions(source, rows, (item,), spans)
    rows = with_protection(source, rows, (item,), scenario.protect_by, spans) if chance(source, 50) else rows
    return with_activation(source, with_good_till(source, replace(scenario, schedule=rows)))


def _instrument(source: Source) -> InstrumentSpec:
    """Of spot, or of contracts with leverage, which may be liquidated."""
    name, base, quote, kind = source.pick((*PAIRS[:2], *PAIRS[3:5]))
    tick, lot = source.pick(GRIDS)
    item = InstrumentSpec(name, "alpha", base, quote, kind, tick=tick, lot=lot, taker=source.pick(RATES))
    if kind == "spot":
        return item
    return replace(item, margin=source.pick(("1", "0.2", "0.05", "0.02")), isolated=chance(source, 25))


def _candles(source: Source, item: InstrumentSpec) -> tuple[Row, ...]:
    rows: list[Row] = []
    time, ticks = START, CENTER
    for _ in range(source.integer(12, 50)):
        opened = ticks + source.pick((0, 0, 0, 1, -1))
        ticks = min(max(opened + source.pick((0, 0, 1, -1, 1, -1, 1, -1, 2, -2, 5, -5)), CENTER - 12), CENTER + 12)
        high, low = max(opened, ticks) + source.pick((0, 0, 1)), min(opened, ticks) - source.pick((0, 0, 1))
        since = time + source.pick((0, 0, 0, 0, 0, SECOND))
        time = since + SECOND
        rows.append((since, time, None, item.name, *(in_ticks(item, each) for each in (opened, high, low, ticks)), 1.0))
    return tuple(rows)


def _orders(source: Source, item: InstrumentSpec, closes: list[int]) -> tuple[Row, ...]:
    """At closes and between them; some are taken back."""
    rows: list[Row] = []
    opens: list[int] = []
    for close in closes:
        if not chance(source, 20):
            continue
        time = close + source.pick((0, 0, 0, 1, SECOND // 2))
        if opens and chance(source, 20):
            rows.append(("cancel", time, source.pick(opens[-3:])))
        else:
            opens.append(len(rows))
            rows.append(make_open(source, time, item, _WIDE))
    return tuple(rows)
