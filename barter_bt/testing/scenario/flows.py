"""Random cash flows: funding, dividends, amounts of an asset, at times at which something happens anyway."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.numbers import SECOND, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Row, Scenario

RATES = ("0.0001", "-0.0003", "0.01", "-0.01", "0.005", "0.000123456789", "-0.000000000001", "0")
YIELDS = ("0.01", "0.1", "0.0025", "0.000123", "1", "0")  # dividends, as fractions of the middle price
SHARES = (
    "0.01",
    "0.1",
    "0.5",
    "2",
    "-0.001",
    "-0.25",
    "-0.9",
    "-0.9",
    "-0.97",
    "-1",
    "-1.1",
)  # of the starting balance
SMALL = ("0.000000001", "-0.000000001", "-0.0000000005", "0.0000000015", "0.000000000001", "0")
MOST = Decimal(10**15)
REASONS = ("interest", "rent", "gift")
WITHHELD = ("0", "0.15", "1", "0.333333333")
YEARLY = ("0.04", "10", "-1", "0.123456789", "0.000000001", "0")
RATIOS = ("2:1", "1:2", "3:2", "1:10", "7:1", "1:3", "21:20", "100:1", "1:1000")
# Kinds of random scenarios; there are "interest", "split", "deposit" and "payout", too.
DRAWN: tuple[str, ...] = ("funding", "dividend", "cash", "interest", "split", "deposit")  # of random scenarios
MOST_IN_A_LOT = Decimal(1000)  # where a lot is more of its base, a split may leave the range


def with_cash_flows(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, one of five times with cash flows, mostly in order of time."""
    if not chance(source, 20):
        return scenario
    times, rows = times_of(scenario), list[Row]()
    delays = [delay for one in scenario.exchanges for delay in (one.feed_ns, one.request_ns, one.response_ns)]
    for _ in source.several(1, 10):
        time = source.pick(times) + source.pick((0, 0, 0, 0, 0, -1, 1, *delays))
        row = make_flow(source, scenario, time)
        if "interest" in DRAWN and chance(source, 25):
            row = make_interest(source, scenario, time) or row
        if "split" in DRAWN and chance(source, 25):
            row = make_split(source, scenario, time) or row
        if row[0] in ("cash", "deposit", "interest", "borrow") or all(
            row[:3] != other[:3] for other in rows
        ):  # none of an instrument comes twice
            rows.append(row)
    if chance(source, 70):
        rows.sort(key=lambda row: row[1])
    return replace(scenario, cash_flows=tuple(rows))


def times_of(scenario: Scenario) -> list[int]:
    """When there are market events, orders, expiries and marks; the start, and beside the data."""
    market = {
        time
        for stream in scenario.streams
        for row in stream.rows
        for time in row[: 3 if stream.kind == "candles" else 2]
        if time is not None
    }
    first, last = min(market), max(market)
    every = scenario.mark_every_ns or 60 * SECOND
    marks = range(-(-first // every) * every, last + 1, every)
    expiries = {item.expiry for item in scenario.instruments if item.expiry is not None}
    orders = {row[1] for row in scenario.schedule}
    start = set() if scenario.start is None else {scenario.start}
    beside = {first - SECOND, last + SECOND}
    return sorted(market | set(marks[:40]) | expiries | orders | start | beside)


def make_flow(source: Source, scenario: Scenario, time: int) -> Row:
    """One of what there is: of an instrument, or of an asset."""
    item = source.pick(scenario.instruments)
    swaps = [one for one in scenario.instruments if one.kind in ("perpetual", "inverse")]
    if swaps and chance(source, 60):  # often, for their positions come and go
        item = source.pick(swaps)
        return ("funding", time, item.name, float(source.pick(RATES)))
    if item.kind == "spot" and not scenario.units and chance(source, 60):  # chosen units are as fine as can be
        price = worth(item.kind, item.tick, "1")
        each = plainly(price * Decimal(source.pick(YIELDS)))
        if "payout" in DRAWN and chance(source, 50):
            later, part = source.pick((0, 0, 1, SECOND, 2 * SECOND, 100 * SECOND)), float(source.pick(WITHHELD))
            return ("payout", time, item.name, each, time + later, part)
        return ("dividend", time, item.name, each)
    other = item.quote if item.money == item.base else item.base
    asset = item.money if chance(source, 70) else other
    amount = make_amount(source, scenario, item, asset)
    if "deposit" in DRAWN and chance(source, 40):
        return ("deposit", time, item.exchange, asset, plainly(amount))
    return ("cash", time, item.exchange, asset, plainly(amount), source.pick(REASONS))


def make_interest(source: Source, scenario: Scenario, time: int) -> Row:
    """Rates on what an account has and owes, or on what is borrowed; none where a shift would move what is due."""
    marks = scenario.mark_every_ns or 60 * SECOND
    intervals = [n * SECOND for n in (1, 2, 3, 7) if marks % (n * SECOND) == 0]
    if not intervals:
        return ()
    item, every = source.pick(scenario.instruments), source.pick(intervals)
    rates = [float(source.pick(YEARLY)) for _ in range(2)]
    if item.kind == "spot" and chance(source, 40):
        return ("borrow", time, item.name, abs(rates[0]), every)
    asset = item.money if chance(source, 70) or item.kind != "spot" else item.base
    return ("interest", time, item.exchange, asset, rates[0], abs(rates[1]), every)


def make_split(source: Source, scenario: Scenario, time: int) -> Row:
    """Of an instrument whose base nothing else is in, if there is one."""
    found = [one for one in scenario.instruments if is_alone(one, scenario)]
    return ("split", time, source.pick(found).name, source.pick(RATIOS)) if found else ()


def is_alone(item: InstrumentSpec, scenario: Scenario) -> bool:
    """Whether a spot instrument's base is that, or the money, of no other, and equity is not measured in it."""
    if item.kind != "spot" or item.base == scenario.reporting or Decimal(item.lot) > MOST_IN_A_LOT:
        return False
    others = (one for one in scenario.instruments if one != item and one.exchange == item.exchange)
    return all(item.base not in (one.quote, one.money, one.base if one.kind == "spot" else "") for one in others)


def make_amount(source: Source, scenario: Scenario, item: InstrumentSpec, asset: str) -> Decimal:
    """Large or small against the starting balance, or some lots' worth, of either sign."""
    held = [Decimal(funds) for *key, funds in scenario.balances if key == [item.exchange, asset] and Decimal(funds)]
    kind = source.pick(("share", "share", "lots", "small"))
    if held and (kind == "share" or scenario.units):
        return held[0] * Decimal(source.pick(SHARES))
    if kind == "small" or scenario.units:
        return Decimal(source.pick(SMALL))
    contract = worth(item.kind, item.tick, item.contract_size) if asset == item.money else Decimal(1)
    return contract * Decimal(item.lot) * source.pick((1, -1)) * source.integer(1, 20) / 2


def plainly(value: Decimal) -> float:
    """A float of at most nine digits, not beyond what is read."""
    return float(f"{min(max(value, -MOST), MOST):.8e}")
