"""Limits of the risk manager (rule 27), each violated in every driver, and what never is refused."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.risk.managers import split
from tests.engine.tiny import A, B, flat, quotes, run, schedule, stamps, table, trades
from tests.risk.drivers import DRIVERS, MARGIN, Ask, as_schedule, go, steady

# Limits, orders that pass, and one more: refused, with the reason; and how it would just have passed.
Case = tuple[dict[str, Any], tuple[Ask, ...], Ask, str, Ask]
CASES: dict[str, Case] = {
    "order_quantity": ({"order_quantity": 5}, (), Ask(2, 6), "order_quantity_limit", Ask(2, 5)),
    "order_notional": ({"order_notional": 500}, (), Ask(2, -6), "order_notional_limit", Ask(2, -5)),
    "order_notional of a limit order": (
        {"order_notional": 500},
        (),
        Ask(2, 5, 101),
        "order_notional_limit",
        Ask(2, 5, 100),
    ),
    "position_quantity": ({"position_quantity": 5}, (Ask(2, 3),), Ask(4, 3), "position_limit", Ask(4, 2)),
    "position_quantity of a flip": ({"position_quantity": 5}, (Ask(2, 3),), Ask(4, -9), "position_limit", Ask(4, -8)),
    "position_notional": ({"position_notional": 500}, (Ask(2, 3),), Ask(4, 3), "position_notional_limit", Ask(4, 2)),
    "exposure": ({"exposure": 800}, (Ask(2, 5),), Ask(4, -4, on=1), "exposure_limit", Ask(4, -3, on=1)),
    "leverage": ({"leverage": 0.081}, (Ask(2, -5),), Ask(4, 4, on=1), "leverage_limit", Ask(4, 3, on=1)),
    "open_orders": (
        {"open_orders": 2},
        (Ask(2, 1, 90), Ask(2, -1, 110, 1)),
        Ask(3, 1, 90),
        "open_orders_limit",
        Ask(3, 0),
    ),
    "open_orders of one": (
        {"by_instrument": {"b_usd": {"open_orders": 1}}},
        (Ask(2, 1, 90), Ask(2, -1, 110), Ask(2, 1, 90, 1)),
        Ask(3, 1, 90, 1),
        "open_orders_limit",
        Ask(3, 1, 90, 0),
    ),
    "order_rate": (
        {"order_rate": (2, "3s")},
        (Ask(2, 1), Ask(3, 1, on=1)),
        Ask(4, 1),
        "order_rate_limit",
        Ask(5, 1),
    ),
    "order_rate of one": (
        {"by_instrument": {"a_usd": {"order_rate": (1, "2s")}}},
        (Ask(2, 1), Ask(3, 1, on=1)),
        Ask(3, 1),
        "order_rate_limit",
        Ask(3, 1, on=1),
    ),
    "price_band to buy": ({"price_band": 0.05}, (), Ask(2, 1, 106), "price_band", Ask(2, 1, 105)),
    "price_band to sell": ({"price_band": 0.05}, (), Ask(2, -1, 94), "price_band", Ask(2, -1, 95)),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", CASES)
def test_an_order_beyond_a_limit_is_refused(name, driver):
    """It stands in the orders with its reason and was never sent; what went before is not touched."""
    limits, before, refused, reason, _ = CASES[name]
    result = go(driver, (*before, refused), bt.Limits(**limits))
    *others, last = table(result.orders, "status", "reason", "filled", "time_sent", "time_closed", "time_exchange")
    assert last == ("refused", reason, 0, refused.at, refused.at, None)
    assert [row[0] for row in others] == ["filled" if ask.price is None else "open" for ask in before]
    assert result.trades.height == sum(ask.price is None for ask in before)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", CASES)
def test_an_order_just_below_a_limit_is_approved(name, driver):
    """The run is the same as one without limits."""
    limits, before, _, _, approved = CASES[name]
    asks = (*before, approved) if approved.quantity else before
    limited, free = go(driver, asks, bt.Limits(**limits)), go(driver, asks, None)
    assert limited.digest == free.digest
    assert "refused" not in limited.orders["status"].cast(pl.String)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_all_drivers_agree_also_compiled(name, resize, driver):
    """One digest for the schedule in plain Python and for each driver in machine code."""
    limits, before, refused, *_ = CASES[name]
    chosen = bt.Limits(**limits, resize=resize)
    expected = go("schedule", (*before, refused), chosen)
    assert go(driver, (*before, refused), chosen, interpret=False).digest == expected.digest


def test_signals_are_held_against_limits():
    """Targets are orders like any other: refused, and asked for again by the next signal; or resized."""
    signals = bt.Signals(pl.lit(8.0))
    for resize, expected in ((False, [("refused", 8, 8)]), (True, [("filled", 5, 8), ("refused", 3, 3)])):
        limits = bt.Limits(position_quantity=5, resize=resize)
        result = run(flat(100, 100, 100, 100), signals, risk=limits)
        rows = table(result.orders, "status", "quantity", "quantity_requested")
        assert rows[: len(expected)] == expected


# What is counted


def test_orders_in_flight_count():
    """An order that the venue has not seen yet, and one whose fill is on its way back, count as filled."""
    venue = bt.Venue(account="margin", latency=bt.Latency(request_ns=1_500_000_000, response_ns=1_500_000_000))
    asks = (Ask(2, 5), Ask(3, 1), Ask(4, 1), Ask(6, 1), Ask(6, -5), Ask(7, -6))
    for limits in (bt.Limits(position_quantity=5), bt.Limits(position_notional=500), bt.Limits(exposure=500)):
        result = go("schedule", asks, limits, venues=venue)
        status = [row[0] for row in table(result.orders, "status")]
        assert status == ["filled", "refused", "refused", "refused", "filled", "refused"]


def test_orders_of_one_wake_up_count_each_other():
    """They are recorded in flight one after the other."""
    for driver in DRIVERS:
        result = go(driver, (Ask(2, 3), Ask(2, 3), Ask(2, 2), Ask(2, 1)), bt.Limits(position_quantity=5))
        assert table(result.orders, "status") == [("filled",), ("refused",), ("filled",), ("refused",)]


def test_working_orders_of_the_other_side_do_not_help():
    """A resting sell may never fill: it makes no room to buy; and it does not stand in the way of buying either."""
    asks = (Ask(2, 4), Ask(3, -4, 110), Ask(4, 4), Ask(5, 1), Ask(6, -6, 110))
    result = go("schedule", asks, bt.Limits(position_quantity=5))
    assert table(result.orders, "status") == [("filled",), ("open",), ("refused",), ("filled",), ("open",)]
    asks = (*asks, Ask(7, -1, 110))
    assert table(go("schedule", asks, bt.Limits(position_quantity=5)).orders, "reason")[-1] == ("position_limit",)


def test_an_order_counts_until_its_cancel_is_confirmed():
    """The venue may fill it before the cancel arrives."""
    venue = bt.Venue(account="margin", latency=bt.Latency(request_ns=700_000_000, response_ns=700_000_000))
    rows = (
        {"at": 2, "buy": 5, "limit": 90},
        {"at": 4, "cancel": 0},
        {"at": 4, "buy": 1},
        {"at": 5, "buy": 1},
        {"at": 6, "buy": 1},
    )
    for limits in (bt.Limits(position_quantity=5), bt.Limits(open_orders=1)):
        result = run(steady(), schedule(*rows), [A, B], venues=venue, risk=limits)
        assert table(result.orders, "status") == [("cancelled",), ("refused",), ("refused",), ("filled",)]


def test_the_rest_of_a_partly_filled_order_counts():
    """What has filled is in the position, what has not is at work."""
    data = quotes((1, 99, 9, 101, 3), (2, 99, 9, 101, 3), (3, 107, 9, 109, 9), (4, 107, 9, 109, 9))
    asks = (Ask(2, 5, 101), Ask(3, 1))
    result = run(data, as_schedule(*asks), A, risk=bt.Limits(position_quantity=6))
    assert table(result.orders, "filled") == [(3,), (1,)]
    result = run(data, as_schedule(*asks), A, risk=bt.Limits(position_quantity=5))
    assert table(result.orders, "reason") == [(None,), ("position_limit",)]


def test_refused_orders_and_cancels_do_not_count_as_sent():
    """The rate is of orders that are sent."""
    limits = bt.Limits(order_rate=(2, "10s"), order_quantity=5)
    rows = ({"at": 2, "buy": 9}, {"at": 2, "buy": 1, "limit": 90}, {"at": 3, "cancel": 1}, {"at": 4, "buy": 1})
    result = run(steady(), schedule(*rows, {"at": 5, "buy": 1}), [A, B], risk=limits)
    reasons = ["order_quantity_limit", "requested", None, "order_rate_limit"]
    assert [row[0] for row in table(result.orders, "reason")] == reasons


def test_orders_of_commands_are_not_refused_but_count():
    """Rule 22: an order that bypasses the limits is at work and was sent like any other."""
    frame = pl.DataFrame({"time": stamps([2]), "command": ["open"], "instrument": ["a_usd"], "quantity": [9.0]})
    for limits, reason in (
        (bt.Limits(order_rate=(1, "10s"), order_quantity=8), "order_rate_limit"),
        (bt.Limits(position_quantity=8), "position_limit"),
    ):
        result = go("schedule", (Ask(3, 1), Ask(4, -1)), limits, commands=bt.Commands(frame))
        reasons = [row[0] for row in table(result.orders, "reason")]
        assert reasons == [None, reason, reason if limits.order_rate else None]


def test_a_rate_is_of_any_window():
    """Not of calendar seconds: two in every three seconds, wherever they begin."""
    asks = tuple(Ask(k, 1) for k in range(1, 10))
    result = go("schedule", asks, bt.Limits(order_rate=(2, "3s")))
    sent = [at for at, status in table(result.orders, "time_sent", "status") if status != "refused"]
    assert sent == [1, 2, 4, 5, 7, 8]


def test_the_account_and_an_instrument_each_have_their_rate():
    """Both hold."""
    limits = bt.Limits(order_rate=(3, "10s"), by_instrument={"a_usd": bt.Limits(order_rate=(1, "10s"))})
    asks = (Ask(2, 1), Ask(2, 1), Ask(2, 1, on=1), Ask(3, 1, on=1), Ask(4, 1, on=1))
    result = go("schedule", asks, limits)
    assert [row[0] == "refused" for row in table(result.orders, "status")] == [False, True, False, False, True]


def test_limits_of_one_instrument_take_the_place_of_those_of_all():
    """What they leave out stays."""
    limits = bt.Limits(
        order_quantity=5, position_quantity=8, by_instrument={"x.b_usd": bt.Limits(order_quantity=7, resize=True)}
    )
    asks = (Ask(2, 6), Ask(2, 7, on=1), Ask(3, 5), Ask(3, 5, on=1))
    rows = table(go("schedule", asks, limits).orders, "status", "reason", "quantity", "quantity_requested")
    assert rows == [
        ("refused", "order_quantity_limit", 6, 6),
        ("filled", None, 7, 7),
        ("filled", None, 5, 5),
        ("filled", None, 1, 5),
    ]


def test_exposure_is_in_the_reporting_asset():
    """Each instrument's notional is converted at the present price."""
    pair = bt.Instrument("x", "eur_usd", price_increment=1, quantity_increment=1)
    other = bt.Instrument("x", "c_eur", price_increment=1, quantity_increment=1)
    data = [
        trades((1, 2, 9), instrument="eur_usd"),
        trades((1, 50, 9), (2, 50, 9), (3, 50, 9), (4, 50, 9), instrument="c_eur"),
    ]
    rows = ({"at": 2, "buy": 5, "on": "c_eur"}, {"at": 3, "buy": 1, "on": "c_eur"})
    balances = {"usd": 1_000, "eur": 1_000}
    for limit, expected in ((500, [None, "exposure_limit"]), (600, [None, None]), (499, ["exposure_limit", None])):
        risk = bt.Limits(exposure=limit)
        result = run(data, schedule(*rows), [pair, other], balances=balances, reporting="usd", risk=risk)
        assert [row[0] for row in table(result.orders, "reason")] == expected


def test_exposure_of_derivatives_has_the_contract_size():
    """The notional is that of the contracts, not the margin."""
    future = bt.Instrument("x", "f_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)
    data = trades((1, 100, 9), (2, 100, 9), (3, 100, 9), instrument="f_usd")
    rows = ({"at": 1, "sell": 2, "on": "f_usd"}, {"at": 2, "sell": 1, "on": "f_usd"})
    for limits in (bt.Limits(exposure=2_999), bt.Limits(leverage="0.2999")):
        result = run(data, schedule(*rows), [future], risk=limits)
        assert table(result.orders, "status") == [("filled",), ("refused",)]
    for limits in (bt.Limits(exposure=3_000), bt.Limits(leverage="0.3")):
        result = run(data, schedule(*rows), [future], risk=limits)
        assert table(result.orders, "status") == [("filled",), ("filled",)]


# What is never refused


def test_what_leaves_the_worst_as_it_is_is_no_more_exposure():
    """Orders on both sides cannot both add to one position; the price has taken the exposure beyond its limit."""
    data = quotes(*((at, p - 1, 1000, p + 1, 1000) for at, p in ((1, 100), (2, 100), (3, 120), (4, 120))))
    for limits in (bt.Limits(exposure=500), bt.Limits(leverage=0.05)):
        asks = (Ask(2, 5, 90), Ask(3, -5, 130), Ask(4, -1, 130), Ask(4, 1, 90))
        result = run(data, as_schedule(*asks), A, venues=MARGIN, risk=limits)
        assert table(result.orders, "status") == [("open",), ("open",), ("refused",), ("refused",)]


@pytest.mark.parametrize(
    "limits",
    [
        {"position_quantity": 5},
        {"position_notional": 500},
        {"exposure": 500},
        {"leverage": 0.051},
        {"position_quantity": 5, "position_notional": 500, "exposure": 500, "leverage": 0.051, "resize": True},
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_what_brings_a_position_nearer_to_zero_is_never_refused(limits, side):
    """However far the price has gone beyond the limits."""
    steps = ((1, 100), (2, 100), (3, 150), (4, 150), (5, 150), (6, 150))
    data = quotes(*((at, p - 1, 1000, p + 1, 1000) for at, p in steps))
    asks = (Ask(2, side * 5), Ask(3, side * 1), Ask(4, side * -1), Ask(5, side * -1, 150 + 9 * side))
    result = run(data, as_schedule(*asks), A, venues=MARGIN, risk=bt.Limits(**limits))
    assert table(result.orders, "status") == [("filled",), ("refused",), ("filled",), ("open",)]
    assert table(result.orders, "quantity") == [(5,), (1,), (1,), (1,)]


def test_an_exit_at_work_is_no_exposure():
    """Exposure counts the largest position that may come: a resting exit and its counterpart do not raise it."""
    asks = (Ask(2, 5), Ask(3, -5, 120), Ask(4, -5, 130), Ask(5, -5, 130))
    result = go("schedule", asks, bt.Limits(exposure=500))
    assert table(result.orders, "status") == [("filled",), ("open",), ("open",), ("refused",)]


@pytest.mark.parametrize(("on", "side"), [(0, 1), (0, -1), (1, 1), (1, -1)])
def test_working_orders_of_any_instrument_are_exposure(on, side):
    """On either side, as if they filled at the market's price."""
    asks = (Ask(2, side * 5, 100 - side * 10, on), Ask(3, side, None, 0))
    for limit, status in ((600, "filled"), (599, "refused")):
        assert table(go("schedule", asks, bt.Limits(exposure=limit)).orders, "status")[1] == (status,)


def test_a_flip_may_be_as_large_as_the_position_was():
    """Resized to what is no further from zero, though that is beyond the limit by now."""
    data = quotes(*((at, p - 1, 1000, p + 1, 1000) for at, p in ((1, 100), (2, 100), (3, 150), (4, 150))))
    for limits in ({"exposure": 500}, {"position_notional": 500}):
        result = run(data, as_schedule(Ask(2, 5), Ask(3, -12)), A, venues=MARGIN, risk=bt.Limits(**limits, resize=True))
        assert table(result.orders, "quantity", "quantity_requested") == [(5, 5), (10, 12)]


def test_leverage_without_equity_allows_reductions_only():
    """An equity of zero or less carries nothing; spot that is short on margin is liquidated only if that is asked."""
    future = bt.Instrument("x", "f_usd", price_increment=1, quantity_increment=1)
    data = trades(*((at, p, 9) for at, p in ((1, 100), (2, 100), (3, 900), (4, 900), (5, 900))), instrument="f_usd")
    venue = bt.Venue(account="margin", margin=bt.Margin(rate=0.01))
    rows = [{"at": 1, "sell": 1}, {"at": 3, "sell": 1}, {"at": 4, "buy": 1}]
    result = run(
        data,
        schedule(*(row | {"on": "f_usd"} for row in rows)),
        [future],
        balances={"usd": 500},
        venues=venue,
        risk=bt.Limits(leverage=2),
    )
    assert table(result.orders, "status", "reason") == [
        ("filled", None),
        ("refused", "leverage_limit"),
        ("filled", None),
    ]


@pytest.mark.parametrize("interpret", [True, False])
@pytest.mark.parametrize("limit", ["position_quantity", "position_notional", "exposure"])
def test_quantities_near_the_end_of_the_range(limit, interpret):
    """Lots of 1e-9: 4e9 units are nearly 2^62 lots, and sums with what is at work stay exact or at the bound."""
    fine = bt.Instrument("x", "a_usd", price_increment="1e-9")
    data = trades(*((at, 1.0, 1.0) for at in range(1, 5)))
    rows = [
        {"at": 1, "buy": 2e9, "limit": 0.5},
        {"at": 2, "buy": 2e9, "limit": 0.5},
        {"at": 3, "sell": 4e9, "limit": 2},
    ]
    result = run(data, schedule(*rows), fine, venues=MARGIN, risk=bt.Limits(**{limit: 3e9}), interpret=interpret)
    assert table(result.orders, "status") == [("open",), ("refused",), ("refused",)]


# Prices


@pytest.mark.parametrize(
    ("limits", "ask", "reason"),
    [
        ({"order_notional": 500}, Ask(2, 1, None, 1), "no_price"),
        ({"order_notional": 500}, Ask(2, 1, 100, 1), None),
        ({"position_notional": 500}, Ask(2, 1, 100, 1), "no_price"),
        ({"price_band": 0.05}, Ask(2, 1, 100, 1), "no_price"),
        ({"price_band": 0.05}, Ask(2, 1, None, 1), None),
        ({"exposure": 500}, Ask(2, 1, 100, 1), "no_price"),
        ({"leverage": 5}, Ask(2, 1, 100, 1), "no_price"),
        ({"position_quantity": 5, "order_quantity": 5, "open_orders": 5}, Ask(2, 1, 100, 1), None),
    ],
)
@pytest.mark.parametrize("resize", [False, True])
def test_a_limit_that_needs_a_price_refuses_without_one(limits, ask, reason, resize):
    """The other instrument has none yet."""
    data = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9), (3, 99, 9, 101, 9), (4, 99, 9, 101, 9, "b_usd"))
    result = run(data, as_schedule(ask), [A, B], risk=bt.Limits(**limits, resize=resize))
    assert table(result.orders, "reason") == [(reason,)]


def test_the_price_band_is_on_the_side_that_costs():
    """A buy far below the market and a sell far above it are as good as they like."""
    asks = (Ask(2, 1, 1), Ask(2, -1, 900))
    assert table(go("schedule", asks, bt.Limits(price_band=0.05)).orders, "status") == [("open",), ("open",)]


# The first violated limit is the reason


def test_the_order_of_checks():
    """Limits are taken away one by one, in the order in which they are looked at."""
    limits = {
        "price_band": 0.05,
        "open_orders": 1,
        "order_rate": (1, "10s"),
        "order_quantity": 5,
        "order_notional": 500,
        "position_quantity": 5,
        "position_notional": 500,
        "exposure": 500,
        "leverage": 0.05,
    }
    asks = (Ask(2, 1, 90), Ask(3, 9, 120))
    for name in list(limits):
        reason = table(go("schedule", asks, bt.Limits(**limits)).orders, "reason")[-1][0]
        assert reason == {"price_band": "price_band", "position_quantity": "position_limit"}.get(name, f"{name}_limit")
        del limits[name]


# Resizing


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("limits", "before", "ask", "quantity"),
    [
        ({"order_quantity": 5}, (), Ask(3, 9), 5),
        ({"order_notional": 550}, (), Ask(3, -9), 5),
        ({"position_quantity": 5}, (Ask(2, 3),), Ask(3, 9), 2),
        ({"position_quantity": 5}, (Ask(2, 3),), Ask(3, -99), 8),
        ({"position_notional": 599}, (Ask(2, 3),), Ask(3, 9), 2),
        ({"exposure": 800}, (Ask(2, 5),), Ask(3, 9, on=1), 3),
        ({"leverage": 0.081}, (Ask(2, 5),), Ask(3, 9, on=1), 3),
        ({"order_quantity": 6, "position_quantity": 5, "exposure": 450}, (), Ask(3, 9), 4),
    ],
)
def test_an_order_that_is_too_large_is_resized(driver, limits, before, ask, quantity):
    """To the most that violates no limit; what was asked for is kept."""
    result = go(driver, (*before, ask), bt.Limits(**limits, resize=True))
    row = table(result.orders, "status", "reason", "quantity", "quantity_requested", "filled")[-1]
    assert row == ("filled", None, quantity, abs(ask.quantity), quantity)


def test_nothing_is_left_to_resize():
    """At the limit already, one lot is too much; and a number of orders has no size."""
    asks = (Ask(2, 5), Ask(4, 3))
    result = go("schedule", asks, bt.Limits(position_quantity=5, resize=True))
    assert table(result.orders, "reason", "quantity")[1] == ("position_limit", 3)
    result = go("schedule", asks, bt.Limits(order_rate=(1, "9s"), resize=True))
    assert table(result.orders, "reason", "quantity")[1] == ("order_rate_limit", 3)


# What is said of wrong limits


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"order_quantity": 0}, "order_quantity is 0; a limit must be positive"),
        ({"order_notional": -1}, "order_notional is -1"),
        ({"position_quantity": float("nan")}, "position_quantity is nan; it must be finite"),
        ({"position_notional": float("inf")}, "position_notional is inf; it must be finite"),
        ({"exposure": "much"}, "exposure is 'much', which is not a number"),
        ({"leverage": True}, "leverage is True, which is not a number"),
        ({"price_band": 0}, "price_band is 0"),
        ({"open_orders": 0}, "open_orders is 0; it must be a positive whole number"),
        ({"open_orders": 1.5}, "open_orders is 1.5"),
        ({"order_rate": 5}, 'such as \\(10, "1s"\\)'),
        ({"order_rate": "5s"}, 'such as \\(10, "1s"\\)'),
        ({"order_rate": (0, "1s")}, "order_rate is 0"),
        ({"order_rate": (5, "soon")}, "order_rate is 'soon', which is not a length of time"),
        ({"order_rate": (5, "-1s")}, "order_rate is within '-1s'"),
        ({"order_rate": (10**7, "1s")}, "up to 1000000"),
        ({"resize": "yes"}, "resize is 'yes'"),
        ({"by_instrument": [1]}, "by_instrument is list"),
        ({"by_instrument": {"a_usd": 5}}, "by_instrument of 'a_usd' is 5"),
        ({"by_instrument": {"a_usd": {"order_quantty": 5}}}, "did you mean 'order_quantity'"),
        ({"by_instrument": {"a_usd": {"order_quantity": 0}}}, "by_instrument of 'a_usd': order_quantity is 0"),
        ({"by_instrument": {"a_usd": {"exposure": 5}}}, "'a_usd' has exposure, which limits the whole account"),
        ({"by_instrument": {"a_usd": bt.Limits(leverage=5)}}, "'a_usd' has leverage"),
        ({"by_instrument": {"a_usd": {"by_instrument": {"a_usd": {}}}}}, "'a_usd' has by_instrument"),
    ],
)
def test_a_wrong_limit_is_an_error(limits, match):
    """When it is made, with what is allowed."""
    with pytest.raises(ConfigError, match=match):
        bt.Limits(**limits)


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"order_quantity": 0.5}, "order_quantity is 0.5, less than one step"),
        ({"exposure": 1e-10}, "exposure is 1e-10, less than one step"),
        ({"by_instrument": {"a_usd": {"open_orders": 1}, "x.a_usd": {"open_orders": 1}}}, "names 'a_usd' twice"),
        ({"by_instrument": {"c_usd": {"open_orders": 1}}}, "unknown instrument 'c_usd'"),
    ],
)
def test_a_limit_that_does_not_fit_the_instruments_is_an_error(limits, match):
    """Before the run."""
    with pytest.raises(bt.errors.BarterBtError, match=match):
        go("schedule", (Ask(2, 1),), bt.Limits(**limits))


def test_a_limit_beyond_the_range_limits_nothing():
    """Amounts cannot come to it (rule 2)."""
    huge = dict.fromkeys(("order_quantity", "order_notional", "position_quantity", "position_notional"), 10**30)
    limits = bt.Limits(**huge, exposure=10**30, leverage=10**30, price_band=10**30, open_orders=10**30)
    asks = (Ask(2, 5), Ask(3, -5, 50), Ask(4, -2))
    assert go("schedule", asks, limits).digest == go("schedule", asks, None).digest


@pytest.mark.parametrize(
    "risk", [bt.Limits(), {}, [bt.Limits(resize=True)], bt.Limits(by_instrument={"a_usd": {"resize": True}})]
)
def test_limits_without_a_limit_are_told(risk):
    """They have no effect; one for a single instrument has."""
    with pytest.raises(ConfigError, match="risk is Limits without a limit: it has no effect"):
        split(risk)
    assert split(bt.Limits(by_instrument={"a_usd": {"open_orders": 1}}))[0] is not None
