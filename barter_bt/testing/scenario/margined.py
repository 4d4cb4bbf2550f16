"""Random backtests of positions on margin: perpetuals in one money, together and alone, and little of it.

Whether they are covered is asked of all that one time brings, marks, fills, funding and margin that is moved, so most
of it comes at the same few times here.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.margins import LIQUIDATION_FEES, MAINTENANCE
from barter_bt.testing.scenario.numbers import CENTER, NANO, SECOND, START, plain
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, InstrumentSpec, Kind, Row, Scenario, StreamSpec

NAMES = ("p_usd", "q_usd", "r_usd")
JUMPS = (0, 0, 1, -1, 4, -4, 12, -12, 30, -30)  # ticks
LOTS = (1, 2, 5, 10, -1, -2, -5, -10)
FIRST = (5, 10, 10, 20)  # lots, bought or sold before anything has moved
MOVED = (1, 7, 40, 900, -1, -7, -40, -900)
FUNDED = (0.01, -0.01, 0.1, -0.1)


def make_margined(source: Source) -> Scenario:
    """Two or three perpetuals, a stream of trades or candles of each, and orders between its rows.

    Examples
    --------
    >>> from barter_bt.testing.scenario import Seeded
    >>> {one.kind for one in make_margined(Seeded(1)).instruments}
    {'perpetual'}
    """
    instruments = tuple(_instrument(source, name) for name in NAMES[: source.pick((3, 3, 2))])
    seconds = source.integer(4, 10)
    kind: Kind = source.pick(("trades", "trades", "candles"))
    moves = [source.pick(JUMPS) if second > 1 else 0 for second in range(seconds)]
    rows = _candles if kind == "candles" else _trades
    streams = tuple(StreamSpec(kind, rows(source, item, moves)) for item in instruments)
    orders = _schedule(source, instruments, seconds)
    scenario = Scenario(
        instruments,
        (ExchangeSpec("alpha"),),
        streams if chance(source, 50) else streams[::-1],
        (("alpha", "usd", _money(source, instruments, orders)),),
        schedule=orders,
        cash_flows=_cash_flows(source, instruments, seconds),
    )
    if chance(source, 15):  # perhaps less than must be kept
        each = (one if one.tiers else replace(one, margin_per_contract="7") for one in instruments)
        return replace(scenario, instruments=tuple(each))
    return scenario


def _instrument(source: Source, name: str) -> InstrumentSpec:
    margin = Decimal(source.pick(("0.1", "0.2", "0.04")))
    kept = (margin * Decimal(source.pick(MAINTENANCE))).quantize(NANO)
    size, by_tier = Decimal(source.pick((1, 1, 10))), chance(source, 25)
    bounds = (plain(size * CENTER * 2), plain(size * CENTER * 7), None)
    return InstrumentSpec(
        name,
        "alpha",
        name[0],
        "usd",
        "perpetual",
        contract_size=plain(size),
        taker=source.pick(("0", "0.001", "0.01")),
        margin=plain(margin),
        maintenance=None if by_tier else plain(kept),
        liquidation_fee=source.pick(LIQUIDATION_FEES),
        isolated=chance(source, 50),
        tiers=tuple((bound, plain(margin), plain(kept)) for bound in bounds) if by_tier else (),
        by_tier=by_tier,
    )


def _money(source: Source, instruments: tuple[InstrumentSpec, ...], orders: tuple[Row, ...]) -> str:
    """What the first orders need, and mostly not much more."""
    first = {item.name: row for item, row in zip(instruments, orders, strict=False)}
    sizes = {item.name: Decimal(item.margin) * Decimal(item.contract_size) * CENTER for item in instruments}
    needed = sum((size * Decimal(abs(first[name][3])) for name, size in sizes.items()), Decimal(0))
    return plain((needed * source.pick((8, 9, 10, 12, 16, 30)) / 8).quantize(NANO))


def _prices(source: Source, moves: list[int]) -> list[tuple[int, int, int]]:
    """Of most seconds, the first among them, the price before and the one to which it has gone; mostly with others."""
    price, found = CENTER, list[tuple[int, int, int]]()
    for second, move in enumerate(moves):
        if second < 2 or chance(source, 85):
            own = source.pick((move, move, 0, source.pick(JUMPS))) if second > 1 else 0
            before, price = price, max(price + own, 1)
            found.append((second, before, price))
    return found


def _trades(source: Source, item: InstrumentSpec, moves: list[int]) -> tuple[Row, ...]:
    return tuple(
        (START + second * SECOND, None, item.name, float(price), 99.0) for second, _, price in _prices(source, moves)
    )


def _candles(source: Source, item: InstrumentSpec, moves: list[int]) -> tuple[Row, ...]:
    rows = []
    for second, before, price in _prices(source, moves):
        high, low = max(before, price) + source.pick((0, 1, 9)), max(min(before, price) - source.pick((0, 1, 9)), 1)
        time = START + second * SECOND
        rows.append((time, time + SECOND, None, item.name, *map(float, (before, high, low, price)), 99.0))
    return tuple(rows)


def _schedule(source: Source, instruments: tuple[InstrumentSpec, ...], seconds: int) -> tuple[Row, ...]:
    """A position in each, then market orders, many of which close it, and margin that is moved, between the seconds."""
    rows: list[Row] = []
    held = {item.name: source.pick(FIRST) * source.pick((1, 1, -1)) for item in instruments}
    for number, (name, lots) in enumerate(held.items()):
        rows.append(("open", START + number + 1, name, float(lots), None, "gtc", False))
    for second in range(1, seconds - 1):
        for number in source.several(0, 3):
            item, time = source.pick(instruments), START + second * SECOND + (number + 1) * SECOND // 100
            if item.isolated and chance(source, 30):
                rows.append(("margin", time, item.name, float(source.pick(MOVED))))
            else:
                lots = source.pick((-held[item.name], source.pick(LOTS)))
                rows.append(("open", time, item.name, float(lots), None, "gtc", False))
    return tuple(rows)


def _cash_flows(source: Source, instruments: tuple[InstrumentSpec, ...], seconds: int) -> tuple[Row, ...]:
    """Funding and transfers, mostly at a full second."""
    rows: dict[tuple[int, str], Row] = {}
    for _ in source.several(0, 4):
        item = source.pick(instruments)
        time = START + source.integer(1, seconds) * SECOND + source.pick((0, 0, 1))
        if item.isolated and chance(source, 50):
            rows[time, item.name] = ("margin", time, item.name, float(source.pick(MOVED)))
        else:
            rows[time, item.name] = ("funding", time, item.name, source.pick(FUNDED))
    return tuple(rows[key] for key in sorted(rows))
