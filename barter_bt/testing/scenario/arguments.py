"""A scenario as arguments of the public ``backtest``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import polars as pl

from barter_bt import data
from barter_bt.data.flows import CashFlows
from barter_bt.data.schema import BOOKS
from barter_bt.data.sessions import Sessions
from barter_bt.data.stream import Stream
from barter_bt.instrument import Instrument
from barter_bt.strategy import Schedule
from barter_bt.testing.scenario.spec import (
    DelaySpec,
    ExchangeSpec,
    InstrumentSpec,
    Row,
    Scenario,
    StreamSpec,
    TierSpec,
    conditions_of,
)
from barter_bt.venue import Delays, Faults, FeeLevel, Fees, FeeTiers, Latency, Margin, MarginTier, Slippage, Venue

TIME = pl.Datetime("ns", "UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS: dict[str, tuple[str, ...]] = {
    "trades": ("time_exchange", "time_received", "instrument", "price", "amount"),
    "quotes": (
        "time_exchange",
        "time_received",
        "instrument",
        "bid_price",
        "bid_amount",
        "ask_price",
        "ask_amount",
    ),
    "candles": (
        "time_open",
        "time_exchange",
        "time_received",
        "instrument",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ),
    "book": (
        "time_exchange",
        "time_received",
        "instrument",
        "side",
        "price",
        "amount",
        "snapshot",
        "sequence",
        "previous_sequence",
    ),
    "book_orders": (
        "time_exchange",
        "time_received",
        "instrument",
        "action",
        "order_id",
        "side",
        "price",
        "amount",
        "snapshot",
        "sequence",
        "previous_sequence",
    ),
}
TYPES: dict[str, Any] = {
    "instrument": pl.String,
    "action": pl.String,
    "order_id": pl.Int64,
    "side": pl.Int64,
    "snapshot": pl.Boolean,
    "sequence": pl.Int64,
    "previous_sequence": pl.Int64,
}
OPTIONAL = ("time_received", "sequence", "previous_sequence")
PROTECTION = ("stop_loss", "take_profit", "trailing_stop", "trailing_activation")
SCHEDULE: dict[str, Any] = {
    "time": TIME,
    "action": pl.String,
    "instrument": pl.String,
    "quantity": pl.Float64,
    "price": pl.Float64,
    "time_in_force": pl.String,
    "post_only": pl.Boolean,
    "stop": pl.Float64,
    "if_touched": pl.Float64,
    "trailing": pl.Float64,
    "trailing_rate": pl.Float64,
    "trailing_ticks": pl.Int64,
    "activation": pl.Float64,
    "reduce_only": pl.Boolean,
    "good_till": TIME,
    "good_after": TIME,
    "candle_fill": pl.String,
    "trigger_by": pl.String,
    "group": pl.Int64,
    "after": pl.Int64,
    **dict.fromkeys(PROTECTION, pl.Float64),
    "ref": pl.Int64,
    "amount": pl.Float64,
    "target": pl.Float64,
    "trigger": pl.Float64,
}
AMENDED = ("trailing_ticks", "activation")  # what the conditions of an amend give beside protection
CELLS = {
    "open": ("action", "time", "instrument", "quantity", "price", "time_in_force", "post_only"),
    "cancel": ("action", "time", "ref"),
    "target": ("action", "time", "instrument", "target"),
    "amend": ("action", "time", "ref", "price", "quantity", "trigger", "trailing", "trailing_rate"),
    "exercise": ("action", "time", "instrument", "quantity"),
    "margin": ("action", "time", "instrument", "amount"),
}


def to_backtest(scenario: Scenario, pieces: int = 1) -> dict[str, Any]:
    """Keyword arguments: ``backtest(**to_backtest(scenario))``; frames in so many chunks.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from barter_bt.testing.scenario import random_scenario
    >>> bt.backtest(**to_backtest(random_scenario(1)), interpret=True).orders.height
    5
    """
    return {
        "data": [to_stream(stream, pieces) for stream in scenario.streams],
        "instruments": [to_instrument(spec) for spec in scenario.instruments],
        "strategy": Schedule(
            schedule_frame(scenario.schedule),
            size=scenario.size,
            with_fee=scenario.with_fee,
            band=float(scenario.band),
            resize=not scenario.strict,
            protect_by=scenario.protect_by,
            price_by=scenario.price_by,
            size_at=scenario.size_at,
        ),
        "balances": to_balances(scenario, scenario.balances),
        "units": to_balances(scenario, scenario.units),
        "venues": {spec.name: to_venue(spec, scenario.instruments) for spec in scenario.exchanges},
        "reporting": to_reporting(scenario),
        "mark_every": scenario.mark_every_ns,
        "start": moment(scenario.start),
        "cash_flows": to_cash_flows(scenario),
        "rates": to_rates(scenario),
        "sessions": to_sessions(scenario),
    }


def to_stream(stream: StreamSpec, pieces: int) -> Stream:
    """The stream, its frame in so many chunks."""
    frame = split(stream_frame(stream), pieces)
    if stream.kind in BOOKS:
        return data.book(frame) if stream.kind == "book" else data.book_orders(frame)
    readers = {"trades": data.trades, "quotes": data.quotes, "candles": data.candles}
    return readers[stream.kind](frame, seen_by=stream.seen_by)


def moment(time: int | None) -> datetime | None:
    """A time, which must be in whole microseconds."""
    return None if time is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time // 1000)


def stream_frame(stream: StreamSpec) -> pl.DataFrame:
    """The canonical columns; those that are optional only where the scenario has them."""
    names = COLUMNS[stream.kind]
    if stream.kind == "trades" and len(stream.rows[0]) > len(names):
        names = (*names, "side")
    types = {name: TIME if name.startswith("time_") else TYPES.get(name, pl.Float64) for name in names}
    frame = pl.DataFrame(list(stream.rows), schema=types, orient="row")
    return frame.drop(name for name in OPTIONAL if name in names and frame[name].null_count())


def split(frame: pl.DataFrame, pieces: int) -> pl.DataFrame:
    """The same rows in so many chunks, as far as there are rows."""
    ends = [frame.height * piece // pieces for piece in range(pieces + 1)]
    parts = [frame[start:end] for start, end in pairwise(ends) if end > start]
    return frame if pieces == 1 else pl.concat(parts, rechunk=False)


def schedule_frame(schedule: tuple[Row, ...]) -> pl.DataFrame:
    """One row per schedule row, nulls where a column does not apply."""
    rows: list[dict[str, Any]] = []
    for row in schedule:
        names, conditions = CELLS[row[0]], asdict(conditions_of(row))
        entry = conditions.pop("entry") or {}
        told = {"open": tuple(conditions), "target": (*PROTECTION, "trigger_by"), "amend": (*PROTECTION, *AMENDED)}.get(
            row[0], ()
        )
        cells = dict.fromkeys(SCHEDULE) | dict(zip(names, row[: len(names)], strict=True))
        cells |= {"price" if name == "limit" else name: value for name, value in entry.items()}
        rows.append(cells | {name: conditions[name] for name in told})
    return pl.DataFrame(rows, schema=SCHEDULE, orient="row")


def to_balances(scenario: Scenario, amounts: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    """By asset; by ``exchange.asset`` where there are several exchanges."""
    single = len(scenario.exchanges) == 1
    return {asset if single else f"{exchange}.{asset}": amount for exchange, asset, amount in amounts}


def to_cash_flows(scenario: Scenario) -> list[CashFlows]:
    """Rows of one kind that follow each other, and whose times do not go back, make one frame."""
    frames: list[list[Row]] = []
    for row in scenario.cash_flows:
        before = frames[-1][-1] if frames else None
        if before is None or before[0] != row[0] or before[1] > row[1] or row[0] in ("interest", "borrow"):
            frames.append([])
        frames[-1].append(row)
    return [to_frame(scenario, rows) for rows in frames]


def to_sessions(scenario: Scenario) -> dict[str, Sessions] | None:
    """By instrument; None where there are none."""
    schema: dict[str, Any] = {"open": TIME, "close": TIME}
    frames = ((name, pl.DataFrame(list(each), schema=schema, orient="row")) for name, each in scenario.sessions)
    return {name: data.sessions(frame) for name, frame in frames} or None


def to_frame(scenario: Scenario, rows: list[Row]) -> CashFlows:
    """Cash flows of one kind."""
    kind, named = rows[0][0], dict[str, Any](time=TIME, instrument=pl.String)
    if kind in ("interest", "borrow"):
        return to_interest(scenario, rows[0])
    if kind == "payout":
        schema: dict[str, Any] = {**named, "amount": pl.Float64, "pay_date": TIME, "withholding": pl.Float64}
        return data.dividends(pl.DataFrame([row[1:] for row in rows], schema=schema, orient="row"))
    if kind == "split":
        rows_of = [row[1:] for row in rows]
        return data.splits(pl.DataFrame(rows_of, schema={**named, "ratio": pl.String}, orient="row"))
    if kind not in ("cash", "deposit"):
        number = {"funding": "rate", "assignment": "quantity", "settlement": "price"}.get(kind, "amount")
        frame = pl.DataFrame([row[1:] for row in rows], schema={**named, number: pl.Float64}, orient="row")
        readers = {"funding": data.funding, "dividend": data.dividends, "margin": data.margin_transfers}
        return (readers | {"assignment": data.assignments, "settlement": data.settlement_prices})[kind](frame)
    single = len(scenario.exchanges) == 1
    cells = [(time, asset if single else f"{exchange}.{asset}", *rest) for _, time, exchange, asset, *rest in rows]
    schema = {"time": TIME, "asset": pl.String, "amount": pl.Float64}
    if kind == "deposit":
        return data.deposits(pl.DataFrame(cells, schema=schema, orient="row"))
    return data.cash_flows(pl.DataFrame(cells, schema={**schema, "reason": pl.String}, orient="row"))


def to_interest(scenario: Scenario, row: Row) -> CashFlows:
    """Interest that begins with the microsecond of its row's time."""
    kind, time, name, *rest, every = row
    since = EPOCH + timedelta(microseconds=time // 1000)
    if kind == "borrow":
        return data.interest(instrument=name, borrow=rest[0], every=every, start=since)
    asset = rest[0] if len(scenario.exchanges) == 1 else f"{name}.{rest[0]}"
    return data.interest(asset, cash=rest[1], debt=rest[2], every=every, start=since)


def to_rates(scenario: Scenario) -> dict[str, Any]:
    """Numbers, and frames by time."""
    found: dict[str, Any] = {}
    for base, quote, rows in scenario.rates:
        cells = [(time, float(rate)) for time, rate in rows]
        frame = pl.DataFrame(cells, schema={"time": TIME, "rate": pl.Float64}, orient="row")
        found[f"{base}/{quote}"] = rows[0][1] if rows[0][0] is None else frame
    return found


def to_reporting(scenario: Scenario) -> str:
    """The first asset of that name, in index order."""
    pairs = ((spec.exchange, name) for spec in scenario.instruments for name in (spec.base, spec.quote))
    found = {exchange for exchange, name in pairs if name == scenario.reporting}
    return scenario.reporting if len(found) == 1 else f"{min(found)}.{scenario.reporting}"


def to_instrument(spec: InstrumentSpec) -> Instrument:
    """The instrument as it is declared."""
    inverse: Literal["future", "perpetual"] = "future" if spec.daily or spec.expiry is not None else "perpetual"
    return Instrument(
        spec.exchange,
        spec.name,
        spec.base,
        spec.quote,
        inverse if spec.kind == "inverse" else spec.kind,
        spec.contract_size,
        spec.tick if spec.declares_tick else None,
        spec.lot if spec.declares_lot else None,
        spec.quantity_min,
        spec.notional_min,
        price_min=spec.price_min,
        settlement=spec.base if spec.kind == "inverse" else None,
        expiry=spec.expiry,
        settlement_price=spec.settlement_price,
        strike=spec.strike,
        option_kind=spec.right,
        exercise=("american" if spec.american else "european") if spec.kind == "option" else None,
        underlying=spec.underlying,
        delivery="physical" if spec.physical else None,
        price_can_be_negative=spec.price_can_be_negative,
    )


def to_fees(spec: InstrumentSpec) -> Fees:
    """What fills cost."""
    return Fees(
        maker=float(spec.maker),
        taker=float(spec.taker),
        per_contract=float(spec.per_contract),
        per_order=float(spec.per_order),
        minimum=float(spec.fee_minimum),
        maximum=number(spec.fee_maximum),
        increment=number(spec.fee_increment),
        tiers=None if spec.fee_tiers is None else to_tiers(spec.fee_tiers),
        paid_in=spec.paid_in,
        discount=float(spec.discount),
    )


def to_tiers(spec: TierSpec) -> FeeTiers:
    """Rates by volume."""
    levels, asset, window, every, before = spec
    rates = [FeeLevel(float(volume), float(maker), float(taker)) for volume, maker, taker in levels]
    return FeeTiers(rates, asset, window, every, float(before))


def to_delays(spec: DelaySpec | None, constant: int) -> int | Delays:
    """A delay, or delays that vary."""
    if spec is None:
        return constant
    form, delays, times = spec
    if form == "by_time":
        return Delays.by_time(zip(times, delays, strict=True))
    if form == "lognormal":
        return Delays.lognormal(delays[0], delays[1] / 1000)
    return Delays.uniform(*delays) if form == "uniform" else Delays.measured(delays)


def number(text: str | None) -> float | None:
    """A decimal as a float, where there is one."""
    return None if text is None else float(text)


def to_margin(spec: InstrumentSpec) -> Margin:
    """What a position ties up, and when it is liquidated."""
    tiered = bool(spec.tiers)
    return Margin(
        float(spec.margin),
        None if tiered else number(spec.margin_per_contract),
        None if tiered else number(spec.maintenance),
        None if tiered else number(spec.maintenance_per_contract),
        float(spec.liquidation_fee),
        "isolated" if spec.isolated else "cross",
        [MarginTier(number(up_to), float(rate), float(kept)) for up_to, rate, kept in spec.tiers],
        "by_tier" if spec.by_tier else "whole",
        "daily" if spec.daily else "closing",
    )


def to_slippage(spec: InstrumentSpec) -> Slippage:
    """By how much takers slip."""
    rate = float(spec.slippage_rate)
    return Slippage(spec.slippage_ticks, rate, spec.range_share, spec.volume_share, spec.impact)


def to_venue(spec: ExchangeSpec, instruments: tuple[InstrumentSpec, ...]) -> Venue:
    """The terms of an exchange, with costs and margin by instrument name."""
    own = [item for item in instruments if item.exchange == spec.name]
    return Venue(
        latency=Latency(
            to_delays(spec.request_delays, spec.request_ns),
            to_delays(spec.response_delays, spec.response_ns),
            to_delays(spec.feed_delays, spec.feed_ns),
            spec.seed,
        ),
        locked_quotes="fill" if spec.fills_locked else "wait",
        beyond_size="one_tick_worse" if spec.fills_beyond else "wait",
        account=spec.account,
        taker_fills_on=spec.taker_fills_on,
        maker_fills_on=spec.maker_fills_on,
        limit_fill=spec.limit_fill,
        candle_fill=spec.candle_fill,
        candle_path=spec.candle_path,
        triggers_on=spec.triggers_on,
        max_age_ns=spec.max_age_ns,
        fees_by_instrument={item.name: to_fees(item) for item in own},
        slippage_by_instrument={item.name: to_slippage(item) for item in own},
        margin_by_instrument={item.name: to_margin(item) for item in own},
        participation=number(spec.participation),
        mark=spec.mark,
        queue=spec.queue,
        queue_power=spec.queue_power,
        faults=Faults(*(spec.faults or ())),
        collateral={asset: float(haircut) for asset, haircut in spec.collateral},
    )
