"""Money that no order moves: funding, interest, dividends, cash flows of one's own (rules 41, 44, 45, 48 and 102)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import Row, Scenario

from .model import BILLION, Instrument, World, exact, in_range, rhe, value
from .money import Money
from .pledged import pledged
from .tiers import requirement

YEAR = 365 * 86_400 * BILLION


class Flow(NamedTuple):
    """What is due at a time: a rate, an amount for each unit of the base, a ratio, or an amount; in whole assets."""

    reason: str
    time: int
    instrument: Instrument | None
    asset: int  # what is paid
    number: Fraction
    kind: str = "cash"


def flows_of(world: World, row: Row, start: int, last: int) -> list[Flow]:
    """A row of a scenario's cash flows, those that are due in a run: rule 48."""
    if row[0] == "settlement":
        return []  # rule 102, behind all that is given
    if row[0] in ("interest", "borrow"):
        return list(interest(world, row, start, last))
    flow = read_flow(world, row)
    return [flow] if start <= flow.time <= last else []


def interest(world: World, row: Row, start: int, last: int) -> Iterator[Flow]:
    """Rule 44: at the multiples of its interval later than the start of the run and of the rate."""
    kind, since, name, *rest, every = row
    first = max(start, since - since % 1000) // every + 1
    rates = [Fraction(rhe(exact(rate) * BILLION) * every, BILLION * YEAR) for rate in rest if not isinstance(rate, str)]
    for time in range(first * every, last + 1, every):
        if kind == "borrow":
            item = world.find(name)
            yield Flow("borrow_fee", time, item, item.quote, rates[0], "borrow")
            continue
        asset = world.assets.index((name, rest[0]))
        yield Flow("interest", time, None, asset, rates[0], "interest")
        yield Flow("debt_interest", time, None, asset, rates[1], "debt")


def read_flow(world: World, row: Row) -> Flow:
    """What is due once."""
    if row[0] == "deposit":
        _, time, exchange, asset, amount = row
        row = ("cash", time, exchange, asset, amount, "deposit" if amount >= 0 else "withdrawal")
    if row[0] == "cash":
        _, time, exchange, asset, amount, reason = row
        return Flow(reason, time, None, world.assets.index((exchange, asset)), exact(amount))
    kind, time, name, number = row
    instrument = world.find(name)
    if kind == "assignment":
        assert instrument.option, "rule 81: it is refused"
        assert instrument.spec.american, "rule 81: it is refused"
        return Flow(kind, time, instrument, instrument.quote, exact(number), kind)
    if kind == "margin":
        assert instrument.spec.isolated, "rule 79: it is refused"
        return Flow(kind, time, instrument, instrument.quote, exact(number), kind)
    assert kind == "funding" if instrument.spec.kind in ("perpetual", "inverse") else instrument.spot, "it is refused"
    if kind == "split":
        new, old = number.split(":")
        return Flow(kind, time, instrument, instrument.quote, Fraction(int(new), int(old)), kind)
    return Flow(kind, time, instrument, instrument.quote, exact(number), kind)


def settlements(world: World, scenario: Scenario, start: int, last: int) -> Iterator[Flow]:
    """Rule 102: by instrument index, at its prices, which have a number, or at the closes of its sessions."""
    for item in world.instruments:
        spec, sessions = item.spec, dict(scenario.sessions).get(item.spec.name, ())
        rows = [row for row in scenario.cash_flows if row[0] == "settlement" and row[2] == spec.name]
        due = [(time, Fraction(item.ticks_of(price))) for _, time, _, price in rows if time >= start]
        due = due if rows else [(closes, Fraction(0)) for _, closes in sessions if closes > start]
        for time, ticks in due if spec.daily and spec.kind in ("future", "inverse") else []:
            if time <= last and not item.has_expired(time):
                yield Flow("variation_margin", time, item, item.quote, ticks, "settlement")


def settle_by_day(flow: Flow, money: Money) -> int:
    """Rule 102: what is paid; its position counts from that price on."""
    item = flow.instrument
    assert item is not None
    assert not item.spec.isolated, "rule 102: it is refused"
    before, ticks = money.positions.get(item.index), int(flow.number)
    if before is None:
        return 0
    basis = in_range(item.notional(before.quantity, ticks or money.marks[item.index]), "a basis")
    money.positions[item.index] = replace(before, basis=basis)
    return item.gains * before.side * (basis - before.basis)


def due(flow: Flow, world: World, money: Money) -> int:
    """What the account gets, in units of the asset; below 0 it pays."""
    item, unit, total = flow.instrument, world.units[flow.asset], money.accounts[flow.asset].total
    if flow.kind in ("interest", "debt"):
        return rhe(total * flow.number) if (total > 0) == (flow.kind == "interest") else 0
    if item is None or flow.kind == "delisting":
        return rhe(flow.number / unit)
    if flow.kind == "borrow":
        return -rhe(notional(item, borrowed(item, money), money) * flow.number)
    if flow.kind == "dividend":
        return rhe(money.accounts[item.base].total * world.units[item.base] * flow.number / unit)
    position = money.positions.get(item.index)
    if position is None:
        return 0
    return -position.side * rhe(notional(item, position.quantity, money) * flow.number)


def moved(flow: Flow, world: World, money: Money) -> int:
    """Rule 79: what is added to what an isolated position has set aside, below 0 taken from it."""
    item, wanted = flow.instrument, rhe(flow.number / world.units[flow.asset])
    assert item is not None
    position = money.positions.get(item.index)
    if position is None:
        return 0
    mark, aside = money.marks[item.index], money.aside.get(item.index, 0)
    if wanted < 0:
        worth = value(item, position, mark)
        needs = requirement(item, position.quantity, mark)
        return -min(-wanted, max(aside + min(worth, 0) - needs, 0))
    worth, needs = money.sums(item.quote, {}, {})
    free = money.accounts[item.quote].free - money.margined_base(item.quote)
    free += pledged(money, item.quote, money.marks, free=True)
    return min(wanted, max(free + worth - needs, 0))


def notional(item: Instrument, lots: int, money: Money) -> int:
    """At the venue's mark; of nothing it needs none."""
    return abs(in_range(item.notional(lots, money.marks[item.index]), "notional")) if lots else 0


def borrowed(item: Instrument, money: Money) -> int:
    """Rule 44: the lots that are sold short, at most those that the account owes."""
    position, owed = money.positions.get(item.index), -money.accounts[item.base].total
    short = position.quantity if position and position.side < 0 else 0
    return min(short, max(-(-owed // item.held(1)), 0))
