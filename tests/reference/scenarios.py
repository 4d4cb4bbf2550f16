"""Random scenarios, small on purpose: few prices and times, so that everything collides.

One builder serves two sources of choices: Hypothesis (``scenarios()``, which shrinks) and a seeded
``random.Random`` (``random_scenario(seed)``, for loops).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from .scenario import ExchangeSpec, InstrumentSpec, Row, Scenario, Stream
from .transform import shifted

T = TypeVar("T")

SECOND = 10**9
START = 1_700_000_000 * SECOND
ORIGINS = (START, START, START, START, -5 * SECOND, -1_000_000_000 * SECOND, -9_000_000_000 * SECOND, 9 * START // 2)
CENTER = 100  # prices in ticks move around it
LATENCIES = (0, 0, 0, 1, SECOND // 2, SECOND, 2 * SECOND)
KINDS = ("trades", "quotes", "candles")
PAIRS = (
    ("btc_usd", "btc", "usd", "spot"),
    ("eth_usd", "eth", "usd", "spot"),
    ("eth_btc", "eth", "btc", "spot"),
    ("btc_usd_perp", "btc", "usd", "perpetual"),
    ("btc_usd_inverse", "btc", "usd", "inverse"),
    ("btc_usd_future", "btc", "usd", "future"),
    ("usd_jpy", "usd", "jpy", "spot"),
    ("btc_jpy", "btc", "jpy", "spot"),
)
# (tick, lot): the last of the usual ones make one tick of one lot a fraction of a unit
GRIDS = (("1", "1"), ("0.01", "0.001"), ("0.5", "0.1"), ("0.00001", "0.00001"), ("0.00003", "0.00025"))
EXTREME_GRIDS = (
    ("1e-10", "1"),
    ("1e-12", "25000"),
    ("1e-12", "1e-3"),
    ("1000000", "0.00001"),
    ("0.01", "1e8"),
    ("50", "1e-9"),
)
SIZES = ("1", "1", "0.01", "10", "0.003")
RATES = ("0", "0.001", "0.00075", "0.1", "-0.0001", "0.0123")
NANO = Decimal("0.000000001")
LEAST_LOT = Decimal("1e-7")  # what is worth less than a unit of money is not counted where no lot is declared


class Source(Protocol):
    """Where choices come from; the first choice is the simplest."""

    def pick(self, options: Sequence[T]) -> T: ...
    def integer(self, low: int, high: int) -> int: ...


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        return self.random.choice(options)

    def integer(self, low: int, high: int) -> int:
        return self.random.randint(low, high)


class Drawn:
    """Choices of Hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))


def random_scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    return make(Seeded(seed))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Random valid scenarios."""
    return make(Drawn(draw))


def chance(source: Source, percent: int) -> bool:
    """True in so many of a hundred; shrinks to False."""
    return source.integer(0, 99) >= 100 - percent


def make(source: Source) -> Scenario:
    """A valid scenario: instruments, terms, streams, a schedule that trades what is there."""
    rotates = chance(source, 20)  # what is sold pays for what is bought, at one time
    exchanges: tuple[str, ...] = ("alpha", "beta") if chance(source, 25) and not rotates else ("alpha",)
    instruments = make_instruments(source, exchanges, PAIRS[:3] if rotates else ())
    exchanges = tuple(name for name in exchanges if any(item.exchange == name for item in instruments))
    feeds = {name: source.pick(LATENCIES) for name in exchanges}
    same = make_kinds(source)
    kinds = {item.name: same if rotates else make_kinds(source) for item in instruments}
    terms = tuple(make_exchange(source, name, feeds[name], instruments, kinds) for name in exchanges)
    streams = make_streams(source, instruments, kinds, feeds, rotates)
    balances = make_balances(source, instruments)
    scenario = Scenario(
        instruments=instruments,
        exchanges=terms,
        streams=streams,
        balances=balances,
        reporting="btc" if chance(source, 4) and any(item.base == "btc" for item in instruments) else "usd",
        size=source.pick(("units", "notional", "equity")),
        with_fee=chance(source, 50),
        strict=chance(source, 15),
        mark_every_ns=source.pick((None, None, SECOND, 2 * SECOND, 7 * SECOND, 1_500_000_000)),
    )
    if chance(source, 4):
        scenario = replace(scenario, units=make_units(source, instruments, balances))
    if rotates and chance(source, 60):
        scenario = replace(scenario, size="equity", reporting="usd", schedule=make_rotations(source, scenario))
    else:
        scenario = replace(scenario, schedule=make_schedule(source, scenario), start=make_start(source, streams))
    return shifted(scenario, source.pick(ORIGINS) - START)  # before 1970, across it, and into the next century


def make_start(source: Source, streams: tuple[Stream, ...]) -> int | None:
    """Mostly that of the data; else before it, or at the latest at its last event."""
    if not chance(source, 20):
        return None
    last = max(row[1 if stream.kind == "candles" else 0] for stream in streams for row in stream.rows)
    start: int = min(START + source.pick((-5, -1, 0, 1, 4, 10)) * SECOND // 2, last)
    return start


def make_instruments(
    source: Source, exchanges: tuple[str, ...], pairs: tuple[tuple[str, str, str, str], ...]
) -> tuple[InstrumentSpec, ...]:
    count = source.pick((1, 1, 2, 2, 3))
    chosen = list(pairs) or [source.pick(PAIRS) for _ in range(count)]
    if all(pair[2] != "usd" for pair in chosen):
        chosen.append(PAIRS[0])
    instruments = []
    fine = any(kind == "inverse" for *_, kind in chosen)  # its money's unit is so fine that a cheap asset overflows
    for name, base, quote, kind in dict.fromkeys(chosen):
        tick, lot = source.pick(EXTREME_GRIDS if chance(source, 15) and not fine else GRIDS[: 3 if fine else None])
        size = "1" if kind == "spot" else source.pick(SIZES)
        contract_value = worth(kind, tick, size)
        lot_value = contract_value * Decimal(lot)
        instruments.append(
            InstrumentSpec(
                name,
                source.pick(exchanges),
                base,
                quote,
                kind,
                tick,
                lot,
                size,
                quantity_min=plain(Decimal(lot) * source.integer(2, 9) / 2) if chance(source, 25) else None,
                notional_min=text(max(lot_value * source.integer(2, 9) / 2, NANO)) if chance(source, 25) else None,
                maker=source.pick(RATES),
                taker=source.pick(RATES),
                per_contract=text(contract_value / 64) if chance(source, 20) else "0",
                margin=source.pick(("1", "0.5", "0.1", "0.03")),
                margin_per_contract=text(max(Decimal(f"{contract_value / 7:.4g}"), NANO))
                if chance(source, 20)
                else None,
                price_min=plain(Decimal(tick) * source.integer(185, 201) / 2) if chance(source, 15) else None,
                declares_tick=kind == "inverse" or chance(source, 85),
                declares_lot=base != "eth"
                or min(lot_value, Decimal(lot)) < LEAST_LOT
                or kind == "inverse"
                or chance(source, 85),
                expiry=make_expiry(source, kind),
            )
        )
    return tuple(instruments)


def make_expiry(source: Source, kind: str) -> int | None:
    """Of a future: mostly one, while there is data, now and then before."""
    return START + source.integer(-2, 40) * SECOND // 2 if kind == "future" and chance(source, 80) else None


def worth(kind: str, tick: str, size: str) -> Decimal:
    """One contract at the middle price, in the asset that its money is in."""
    price = CENTER * Decimal(tick)
    return Decimal(size) / price if kind == "inverse" else Decimal(size) * price


def make_kinds(source: Source) -> tuple[str, ...]:
    """Which streams an instrument has."""
    chosen = tuple(kind for kind in KINDS if chance(source, 45))
    return chosen or (source.pick(KINDS),)


def make_exchange(
    source: Source,
    name: str,
    feed: int,
    instruments: tuple[InstrumentSpec, ...],
    kinds: dict[str, tuple[str, ...]],
) -> ExchangeSpec:
    """Evidence that every instrument of the exchange has, or "auto"."""
    own = [kinds[item.name] for item in instruments if item.exchange == name]
    evidence = ("auto", "auto", *(kind for kind in KINDS if all(kind in kinds for kinds in own)))
    return ExchangeSpec(
        name,
        source.pick(("cash", "margin")),
        source.pick(LATENCIES),
        source.pick(LATENCIES),
        feed,
        source.pick(evidence),  # type: ignore[arg-type]
        source.pick(evidence),  # type: ignore[arg-type]
        source.pick(("through", "touch")),
        source.pick((0, 0, SECOND, 3 * SECOND)),
    )


def make_streams(
    source: Source,
    instruments: tuple[InstrumentSpec, ...],
    kinds: dict[str, tuple[str, ...]],
    feeds: dict[str, int],
    together: bool,
) -> tuple[Stream, ...]:
    """Streams of one kind each: of one instrument, or of all with one feed latency."""
    groups: list[tuple[str, list[InstrumentSpec]]] = []
    for kind in KINDS:
        members = [item for item in instruments if kind in kinds[item.name]]
        shared = (together or chance(source, 50)) and len({feeds[item.exchange] for item in members}) == 1
        groups += [(kind, members)] if shared else [(kind, [item]) for item in members]
    if chance(source, 50):
        groups.reverse()
    made = (Stream(kind, make_rows(source, kind, members, together)) for kind, members in groups)  # type: ignore[arg-type]
    return tuple(made)


def make_rows(source: Source, kind: str, members: list[InstrumentSpec], together: bool) -> tuple[Row, ...]:
    """Rows in time order; every instrument of the stream has at least one."""
    received, arrival = chance(source, 25), START
    if together:
        times = make_stamps(source, members)
    else:
        times = make_spans(source, members) if kind == "candles" else make_times(source, members)
    rows: list[Row] = []
    for time, end, item in times:
        close = end if kind == "candles" else time
        arrival = max(arrival, close + source.pick((0, 0, SECOND // 2, SECOND)))
        heard = arrival if received else None
        if kind == "trades":
            rows.append((time, heard, item.name, price(source, item), amount(source, item, 1)))
        elif kind == "quotes":
            sizes = [amount(source, item, 0) for _ in range(2)]
            bid, ask = make_quote(source, min(sizes) > 0)
            rows.append((time, heard, item.name, in_ticks(item, bid), sizes[0], in_ticks(item, ask), sizes[1]))
        else:
            prices = sorted(CENTER + source.integer(-4, 4) for _ in range(4))
            inner = prices[1:3] if source.integer(0, 1) else prices[2:0:-1]
            ohlc = (inner[0], prices[3], prices[0], inner[1])
            volume = amount(source, item, 0)
            rows.append((time, close, heard, item.name, *(in_ticks(item, ticks) for ticks in ohlc), volume))
    return tuple(rows)


def make_times(source: Source, members: list[InstrumentSpec]) -> list[tuple[int, int, InstrumentSpec]]:
    """Times of ticks, twice each, and whose they are; often several at one time."""
    time, found = START, []
    for number in range(source.integer(1, 18) + len(members) - 1):
        if number == 0 or source.integer(0, 2) > 0:
            time += source.pick((1, 1, 1, 2, 3)) * SECOND // source.pick((1, 1, 2))
        found.append((time, time, members[number] if number < len(members) else source.pick(members)))
    return found


def make_stamps(source: Source, members: list[InstrumentSpec]) -> list[tuple[int, int, InstrumentSpec]]:
    """Every member at each time, in any order."""
    time, found = START, []
    for _ in range(source.integer(3, 8)):
        close = time + SECOND
        order = {item.name: source.integer(0, 99) for item in members}
        found += [(time, close, item) for item in sorted(members, key=lambda item: order[item.name])]
        time = close
    return found


def make_spans(source: Source, members: list[InstrumentSpec]) -> list[tuple[int, int, InstrumentSpec]]:
    """Opens and closes of candles: one interval for all, or each instrument with an interval and gaps of its own."""
    shared, found = source.pick((1, 2, 5)) * SECOND, []
    mixed = chance(source, 40)
    for item in members:
        step = source.pick((1, 2, 3, 7, 20)) * SECOND if mixed else shared
        time = START + shared + (source.integer(0, 6) * SECOND // 2 if mixed else 0)
        for _ in range(source.integer(1, 12)):
            found.append((time, time + step, item))
            time += step + source.pick((0, 0, 0, step if not mixed else SECOND // 2))
    order = {item.name: source.integer(0, 99) for item in members}
    return sorted(found, key=lambda one: (one[1], order[one[2].name]))


def make_quote(source: Source, whole: bool) -> tuple[int, int]:
    """Mostly a spread of one to three ticks; sometimes locked; crossed only if a side is empty."""
    bid = CENTER + source.integer(-4, 3)
    return bid, bid + source.pick((1, 1, 1, 2, 3, 1, 1, 0, 0 if whole else -1))


def make_balances(source: Source, instruments: tuple[InstrumentSpec, ...]) -> tuple[tuple[str, str, str], ...]:
    """From nothing to plenty, in the size of the orders."""
    balances: dict[tuple[str, str], Decimal] = {}
    for item in instruments:
        lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
        quote, base = (item.exchange, item.money), (item.exchange, item.base)
        funds = lot_value * source.pick((0, 3, 10, 10, 30, 1000)) + NANO * source.pick((0, 0, 1, 3))
        if len(instruments) == 1 and chance(source, 5):
            funds = Decimal(f"{lot_value * 10**8:.2e}")  # makes the unit coarser
        balances[quote] = max(balances.get(quote, Decimal(0)), funds)
        if item.kind == "spot":
            held = Decimal(item.lot) * source.pick((0, 0, 2, 5, 40))
            dust = source.pick((NANO, Decimal("1e-18"))) if held and chance(source, 10) else Decimal(0)
            balances[base] = max(balances.get(base, Decimal(0)), held + dust)
    return tuple((exchange, asset, plain(funds)) for (exchange, asset), funds in balances.items())


def make_units(
    source: Source, instruments: tuple[InstrumentSpec, ...], balances: tuple[tuple[str, str, str], ...]
) -> tuple[tuple[str, str, str], ...]:
    """A unit so fine that some orders' worth of money leaves the range; the starting balance does not."""
    item = source.pick(instruments)
    if item.kind == "inverse" or any(item.money == other.base and other.kind == "spot" for other in instruments):
        return ()  # one tick or the lots have a say
    lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
    held = max(
        Decimal(amount) for exchange, asset, amount in balances if (exchange, asset) == (item.exchange, item.money)
    )
    unit = Decimal(1).scaleb(
        max(lot_value.adjusted() - source.pick((16, 17, 18)), held.adjusted() - 17 if held else -99)
    )
    return ((item.exchange, item.money, plain(unit)),)


def make_schedule(source: Source, scenario: Scenario) -> tuple[Row, ...]:
    """Explicit orders and cancels, targets, or both at different times."""
    style = source.pick(("orders", "orders", "targets", "both"))
    first = min(row[0] for stream in scenario.streams for row in stream.rows)
    last = max(row[1 if stream.kind == "candles" else 0] for stream in scenario.streams for row in stream.rows)
    assert isinstance(first, int)
    assert isinstance(last, int)
    targeted = tuple(
        item for item in scenario.instruments if scenario.size != "equity" or item.money == scenario.reporting
    )
    rows: list[Row] = []
    opens: list[int] = []
    time = first - source.pick((0, 0, 0, 0, 1, 3 * SECOND))
    while len(rows) < 30:
        time += source.pick((0, 1, 1, 2, 3)) * SECOND // source.pick((1, 1, 1, 2)) + source.pick((0, 0, 0, 1))
        if time > last + SECOND or chance(source, 3):
            break
        if targeted and (style == "targets" or (style == "both" and chance(source, 30))):
            if any(row[:2] == ("target", time) for row in rows):
                time += 1
            members = [item for item in targeted if chance(source, 70)]
            rows += [("target", time, item.name, make_target(source, scenario, item)) for item in reversed(members)]
        elif style != "targets":
            if opens and chance(source, 25):
                rows.append(("cancel", time, source.pick(opens[-4:])))
            else:
                opens.append(len(rows))
                rows.append(make_open(source, time, source.pick(scenario.instruments)))
    return tuple(rows)


def make_rotations(source: Source, scenario: Scenario) -> tuple[Row, ...]:
    """From one instrument to another, by targets or by orders that are sent together."""
    rows: list[Row] = []
    names = [item for item in scenario.instruments if item.quote == "usd"]
    for second in range(8):
        time = START + second * SECOND
        if chance(source, 50):
            held = source.pick(names)
            order = {item.name: source.integer(0, 99) for item in names}
            wishes = sorted(names, key=lambda item: order[item.name])
            rows += [("target", time, item.name, source.pick((1.0, 0.9)) * (item is held)) for item in wishes]
        elif chance(source, 50):
            rows += [make_open(source, time, source.pick(scenario.instruments)) for _ in range(3)]
    return tuple(rows)


def make_open(source: Source, time: int, item: InstrumentSpec) -> Row:
    side = source.pick((1, -1))
    quantity = float(Decimal(item.lot) * source.integer(1, 12) * side)
    if chance(source, 35):
        return ("open", time, item.name, quantity, None, source.pick(("gtc", "gtc", "ioc", "fok")), False)
    limit = price(source, item)
    tif = source.pick(("gtc", "gtc", "gtc", "ioc", "fok"))
    return ("open", time, item.name, quantity, limit, tif, tif == "gtc" and chance(source, 25))


def make_target(source: Source, scenario: Scenario, item: InstrumentSpec) -> float | None:
    if chance(source, 5):
        return None
    lots = source.integer(0, 12) * source.pick((1, 1, -1))
    if scenario.size == "equity":
        return source.pick((0.0, 0.5, 1.0, 0.333333333, 1.7, -0.5, -1.0, 3.0))
    half = Decimal(source.pick(("0", "0", "0.5")))
    if scenario.size == "units":
        return float(Decimal(item.lot) * (lots + half))
    lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
    return float((lot_value * (lots + half)).quantize(NANO))


def price(source: Source, item: InstrumentSpec) -> float:
    return in_ticks(item, CENTER + source.integer(-4, 4))


def in_ticks(item: InstrumentSpec, ticks: int) -> float:
    return float(Decimal(item.tick) * ticks)


def amount(source: Source, item: InstrumentSpec, low: int) -> float:
    half = Decimal(source.pick(("0", "0", "0", "0.5")))
    if not item.declares_lot:  # a float may lie on either side of a half that is to be rounded
        half *= 0
    return float(Decimal(item.lot) * (source.integer(low, 9) + half))


def plain(value: Decimal) -> str:
    """A decimal text of as many places as there are."""
    return format(value.normalize(), "f")


def text(value: Decimal) -> str:
    """A decimal text of at most nine places."""
    return format(value.quantize(NANO).normalize(), "f")
