"""Scenarios said in another way: what the rules say of how data is cut, named and counted makes them the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from barter_bt.testing.scenario import ExchangeSpec, Row, Scenario, StreamSpec
from barter_bt.testing.scenario.shift import changed

NAME = {"trades": 2, "quotes": 2, "candles": 3, "book": 2, "book_orders": 2}
TIME = {
    "trades": 0,
    "quotes": 0,
    "candles": 1,
    "book": 0,
    "book_orders": 0,
}  # at the exchange; what was received is next
OF_ASSET = {"cash": 3, "deposit": 3, "interest": 3}  # where cash flows name theirs; others name an instrument
DELAYS = ("request", "response", "feed")


def is_one_by_one(scenario: Scenario) -> bool:
    """Whether rows of the feed may overtake others: rule 52 lets no row of one stream overtake another."""
    at = {item.name: item.exchange for item in scenario.instruments}
    feed = {one.name: one.feed_ns for one in scenario.exchanges}
    varies = any(one.feed_delays is not None for one in scenario.exchanges)
    return varies or any(len({feed[at[name]] for name in names_of(one)}) > 1 for one in scenario.streams)


def names_of(stream: StreamSpec) -> set[str]:
    """Its instruments."""
    return {row[NAME[stream.kind]] for row in stream.rows}


def by_instrument(scenario: Scenario) -> Scenario:
    """A stream for each instrument of a stream, in its place."""
    streams = [
        replace(one, rows=tuple(row for row in one.rows if row[NAME[one.kind]] == name))
        for one in scenario.streams
        for name in sorted(names_of(one), reverse=True)
    ]
    return replace(scenario, streams=tuple(streams))


def in_turns(scenario: Scenario) -> Scenario:
    """Two streams for each, which take turns where both times go on; a book stays whole."""
    streams: list[StreamSpec] = []
    for one in scenario.streams:
        hands: tuple[list[Row], list[Row]] = ([], [])
        turn, before = 0, one.rows[0]
        place = TIME[one.kind]
        for row in one.rows:
            goes_on = all(
                now is None or now > last
                for now, last in zip(row[place : place + 2], before[place : place + 2], strict=True)
            )
            turn, before = (1 - turn if goes_on and not one.kind.startswith("book") else turn), row
            hands[turn].append(row)
        streams += [replace(one, rows=tuple(rows)) for rows in hands if rows]
    return replace(scenario, streams=tuple(streams))


def merged(scenario: Scenario) -> Scenario:
    """One stream for those of one kind that the same see, whose instruments are none of the other's."""
    streams: list[StreamSpec] = []
    for one in scenario.streams:
        for k, other in enumerate(streams):
            if rows := _together(other, one):
                streams[k] = replace(other, rows=rows)
                break
        else:
            streams.append(one)
    return replace(scenario, streams=tuple(streams))


def _together(one: StreamSpec, other: StreamSpec) -> tuple[Row, ...]:
    """Rows of both by time; none where one stream cannot hold them."""
    place = TIME[one.kind] if one.kind == other.kind else 0
    if (one.kind, one.seen_by) != (other.kind, other.seen_by) or names_of(one) & names_of(other):
        return ()
    rows = sorted((*one.rows, *other.rows), key=lambda row: row[place])
    if len({tuple(cell is None for cell in row) for row in rows}) > 1:  # columns that one has and the other has not
        return ()
    received = [row[place + 1] for row in rows]
    return tuple(rows) if received[0] is None or received == sorted(received) else ()


def seen_apart(scenario: Scenario) -> Scenario:
    """What all see is given twice, once to the venue, once to the strategy; books are seen by all."""
    streams = [
        replace(one, seen_by=who)
        for one in scenario.streams
        for who in (
            ("venue", "strategy") if one.seen_by == "all" and not one.kind.startswith("book") else (one.seen_by,)
        )
    ]
    return replace(scenario, streams=tuple(streams))  # type: ignore[arg-type]


def received(scenario: Scenario) -> Scenario:
    """Times of arrival in place of a feed that takes as long."""
    at = {item.name: item.exchange for item in scenario.instruments}
    feed = {one.name: one.feed_ns for one in scenario.exchanges}

    def arrives(kind: str, row: Row) -> Row:
        place = TIME[kind]
        if row[place + 1] is not None:
            return row
        return changed(row, {place + 1: row[place] + feed[at[row[NAME[kind]]]]})

    streams = tuple(replace(one, rows=tuple(arrives(one.kind, row) for row in one.rows)) for one in scenario.streams)
    return replace(scenario, streams=streams)


def delayed_alike(scenario: Scenario, form: str) -> Scenario:
    """Constant delays as delays of a form that always say the same."""

    def varied(one: ExchangeSpec) -> ExchangeSpec:
        given: dict[str, Any] = {}
        for name in DELAYS:
            ns = getattr(one, f"{name}_ns")
            if getattr(one, f"{name}_delays") is None:
                given[f"{name}_delays"] = (
                    form,
                    (ns, ns) if form == "uniform" else (ns,),
                    (0,) if form == "by_time" else (),
                )
        return replace(one, **given)

    return replace(scenario, exchanges=tuple(varied(one) for one in scenario.exchanges))


def renamed(scenario: Scenario, name: Callable[[str], str]) -> Scenario:
    """Other names of instruments, exchanges and assets, in the same order."""
    instruments = tuple(
        replace(
            item,
            **{key: name(getattr(item, key)) for key in ("name", "exchange", "base", "quote")},
            underlying=item.underlying and name(item.underlying),
            paid_in=item.paid_in if item.paid_in in ("quote", "received") else name(item.paid_in),
            fee_tiers=item.fee_tiers and (item.fee_tiers[0], name(item.fee_tiers[1]), *item.fee_tiers[2:]),
        )
        for item in scenario.instruments
    )
    exchanges = tuple(
        replace(one, name=name(one.name), collateral=tuple((name(asset), cut) for asset, cut in one.collateral))
        for one in scenario.exchanges
    )
    streams = tuple(
        replace(one, rows=tuple(changed(row, {NAME[one.kind]: name(row[NAME[one.kind]])}) for row in one.rows))
        for one in scenario.streams
    )
    of_order = ("cancel", "amend")
    schedule = tuple(row if row[0] in of_order else changed(row, {2: name(row[2])}) for row in scenario.schedule)
    flows = tuple(
        changed(row, {place: name(row[place]) for place in (2, *([OF_ASSET[row[0]]] if row[0] in OF_ASSET else []))})
        for row in scenario.cash_flows
    )
    return replace(
        scenario,
        instruments=instruments,
        exchanges=exchanges,
        streams=streams,
        schedule=schedule,
        cash_flows=flows,
        balances=tuple((name(exchange), name(asset), amount) for exchange, asset, amount in scenario.balances),
        units=tuple((name(exchange), name(asset), unit) for exchange, asset, unit in scenario.units),
        reporting=name(scenario.reporting),
        sessions=tuple((name(one), each) for one, each in scenario.sessions),
        rates=tuple((name(base), name(quote), rows) for base, quote, rows in scenario.rates),
    )
