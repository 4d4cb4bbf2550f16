"""Round trips of random runs against their definitions, one row and one price at a time; and what always holds."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.testing.scenario import random_scenario, to_backtest
from barter_bt.testing.strategies import accepted

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10_000)


def drawn(seed):
    """A run without splits, over which units change, and in which what is bought is what is held.

    `tests/engine/test_rules_splits.py` and `test_rules_fees.py` have the others by hand.
    """
    scenario = random_scenario(seed)
    flows = tuple(row for row in scenario.cash_flows if row[0] != "split")
    instruments = tuple(
        replace(each, paid_in="quote") if each.paid_in == "received" else each for each in scenario.instruments
    )
    with accepted():  # a few end by rule 2
        return bt.backtest(**to_backtest(replace(scenario, cash_flows=flows, instruments=instruments)), interpret=True)


def walked(trades):
    """Positions by number: entry and exit rows of trades, (price, quantity) of what reduced it, prices of own fills."""
    held, found = {}, {}
    for trade in trades.iter_rows(named=True):
        key = trade["instrument"]
        signed = Decimal(repr(trade["quantity"])) * (1 if trade["side"] == "buy" else -1)
        before, now = held.get(key, (Decimal(0), None))
        if before and before * signed < 0:
            part = min(abs(before), abs(signed))
            found[now]["out"].append((trade["price"], float(part)))
            found[now]["own"].append(trade["price"])
            if part == abs(before):
                found[now]["exit"] = trade
        if before * (before + signed) <= 0 and before + signed:
            now = len(found)
            found[now] = {"enter": trade, "exit": None, "out": [], "own": [trade["price"]]}
        elif before * signed > 0:
            found[now]["own"].append(trade["price"])
        held[key] = before + signed, now
    return found


def shown(result):
    """Rows that the market showed the strategy: instrument, kind, times and prices."""
    served, found = set(), []
    for kind in ("candles", "trades", "quotes"):
        names = set()
        for stream in (each for each in result.market if each.kind == kind and each.seen_by != "venue"):
            names |= set(stream.instruments)
            for chunk in stream.chunks(result.index.codes):
                columns = {name: values.tolist() for name, values in chunk.columns.items()}
                for row in range(chunk.rows):
                    one = {name: values[row] for name, values in columns.items()}
                    if one["instrument"] not in served:
                        found.append((kind, one))
        served |= {result.index.codes[name] for name in names}
    return found


def certain(kind, row, enter, leave, inside):
    """Prices of a row of the market that were certainly met between entry and exit."""
    time = row["time_exchange"]
    if kind == "trades":
        return [row["price"]] if enter < time < leave else []
    if kind == "quotes":
        usable = row["bid_amount"] > 0 and row["ask_amount"] > 0
        return [(row["bid_price"] + row["ask_price"]) / 2] if usable and enter < time < leave else []
    over = time < leave if inside else time <= leave
    prices = [row["low"], row["high"]] if row["time_open"] >= enter and over else []
    prices += [row["open"]] if enter <= row["time_open"] < leave else []
    return prices + ([row["close"]] if enter < time and over else [])


BY_VENUE = ("liquidation", "settlement", "delisting", "delivery", "exercise", "assignment", "expiry")


def reason(order):
    if order is None:
        return "end"
    if order["reason"] in BY_VENUE:
        return order["reason"]
    if order["kind"] == "exercise":
        return "exercise"
    for start, name in (("trailing", "trailing_stop"), ("stop", "stop_loss")):
        if order["kind"].startswith(start):
            return name
    return "take_profit" if "touched" in order["kind"] or order["parent_id"] is not None else "signal"


def ns(time):
    return time.cast(pl.Int64).to_list()


@MANY
@given(SEEDS)
def test_each_column_is_what_it_is_said_to_be(seed):
    result = drawn(seed)
    trips, trades, market = result.round_trips, result.trades, shown(result)
    times, ids = ns(trades["time_exchange"]), trips["position_id"].to_list()
    own, orders = walked(trades), result.orders.to_dicts()
    end = max([*ns(result.equity["time"]), *times])
    closed = result.positions["position_id"].to_list()
    assert ids == closed + sorted(set(own) - set(closed))
    with_candles = {name for each in result.market if each.kind == "candles" for name in each.instruments}
    for trip in trips.iter_rows(named=True):
        found = own[trip["position_id"]]
        last = found["exit"]
        enter = times[found["enter"]["trade_id"]]
        leave = end if last is None else times[last["trade_id"]]
        order = None if last is None else orders[last["order_id"]]
        one = result.index.instruments[result.index.names.index(trip["instrument"])]
        assert trip["reason_exit"] == reason(order)
        if last is None:
            assert (trip["time_exit"], trip["price_exit"], trip["return"]) == (None, None, None)
        else:
            total = sum(quantity for _, quantity in found["out"])
            mean = sum(price * quantity for price, quantity in found["out"]) / total
            if one.is_inverse:
                mean = total / sum(quantity / price for price, quantity in found["out"])
            assert trip["price_exit"] == pytest.approx(mean, rel=1e-12)
            amount, entry = trip["quantity"] * float(one.contract_size), trip["price_enter"]
            cost = entry if entry <= 0 else amount / entry if one.is_inverse else amount * entry
            assert trip["return"] == (pytest.approx(trip["pnl"] / cost) if cost > 0 else None)
        inside = order is not None and (order["kind"] not in ("market", "limit") or last["liquidity"] == "maker")
        mine = [(kind, row) for kind, row in market if result.index.names[row["instrument"]] == trip["instrument"]]
        mine = [(kind, row) for kind, row in mine if row["time_exchange"] <= end]
        prices = found["own"] + [price for kind, row in mine for price in certain(kind, row, enter, leave, inside)]
        sign, entry = 1 if trip["side"] == "buy" else -1, trip["price_enter"]
        if entry <= 0:  # it cost less than half a unit of money, or nothing at all (rule 76)
            assert (trip["return"], trip["mae"], trip["mfe"]) == (None, None, None)
            continue
        gains = [sign * (1 - entry / price if one.is_inverse else price / entry - 1) for price in prices]
        assert trip["mae"] == pytest.approx(min(0, *gains), abs=1e-12)
        assert trip["mfe"] == pytest.approx(max(0, *gains), abs=1e-12)
        bars = sum(kind == "candles" and enter < row["time_exchange"] <= leave for kind, row in mine)
        assert trip["bars"] == (bars if trip["instrument"].split(".")[-1] in with_candles or bars else None)


@MANY
@given(SEEDS)
def test_what_always_holds(seed):
    """What was made is what positions realised; no excursion is on the wrong side, or less than what was made."""
    result = drawn(seed)
    trips, closed = result.round_trips, result.positions
    done = trips.head(closed.height)
    assert done["pnl"].equals(closed["pnl_realised"].alias("pnl"))
    assert math.isclose(trips["fees"].sum(), result.trades["fees"].sum(), rel_tol=1e-9, abs_tol=1e-9)
    assert done["time_exit"].null_count() == 0
    assert trips[closed.height :]["time_exit"].null_count() == trips.height - closed.height
    trips = trips.filter(pl.col("price_enter") > 0)
    done = done.filter(pl.col("price_enter") > 0)
    assert (trips["mae"] <= 0).all()
    assert (trips["mfe"] >= 0).all()
    assert (trips["duration"].to_physical() >= 0).all()
    inverse = {name: one.is_inverse for name, one in zip(result.index.names, result.index.instruments, strict=True)}
    trips_entered = walked(result.trades)
    for trip in done.iter_rows(named=True):
        sign = 1 if trip["side"] == "buy" else -1
        entry, out = trip["price_enter"], trip["price_exit"]
        gross = sign * (1 - entry / out if inverse[trip["instrument"]] else out / entry - 1)
        fills = len(trips_entered[trip["position_id"]]["own"])
        assert trip["mae"] - 1e-12 <= gross <= trip["mfe"] + 1e-12
        if fills == 2 and not trip["fees"]:  # of units that are fine enough
            assert trip["return"] == pytest.approx(gross, abs=1e-4) or abs(trip["pnl"]) < 1e-3
