"""What orders that take pay, by hand: each test names the sentences of rules 36, 39 and 40 that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .tables import Tables
from .tiny import (
    BTC,
    FUTURE,
    UNIT,
    agreed,
    candle,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    quote,
    simulate,
    t,
    trade,
)

CANDLES = [candle(0, (100, 110, 90, 105)), candle(10, (102, 112, 95, 98)), candle(20, (90, 96, 85, 88))]
FLAT = [trade(0, 100, 9), trade(1, 100, 9), trade(9, 100, 9)]


def prices(tables: Tables) -> list[int]:
    return [row["price"] for row in tables.trades]


def fees(tables: Tables) -> list[float]:
    """Of each trade, in whole assets."""
    return [row["fees"] / UNIT for row in tables.trades]


def volume(row: Row, lots: float) -> Row:
    """The same candle with this volume."""
    return (*row[:-1], lots)


# Rule 36: the price of a candle that takers meet


@pytest.mark.parametrize(
    ("setting", "time", "fill"),
    [
        ("next_open", 5, (10, 105)),  # as in rule 16
        ("next_open", 10, (10, 102)),
        ("next_open", 20, (20, 90)),
        ("next_close", 0, (10, 105)),  # opens are passed over
        ("next_close", 5, (10, 105)),
        ("next_close", 10, (20, 98)),  # the close of that time was before it arrived
        ("next_close", 15, (20, 98)),
        ("next_close", 30, None),
        ("this_close", 10, (10, 105)),  # at the very time
        ("this_close", 20, (20, 98)),
        ("this_close", 30, (30, 88)),
        ("this_close", 0, (10, 105)),  # any other waits
        ("this_close", 10.5, (20, 98)),
    ],
)
def test_which_price_of_a_candle_a_market_order_meets(setting: Any, time: float, fill: Any) -> None:
    tables = simulate("candles", CANDLES, [market(time, 1)], candle_fill=setting)
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])


@pytest.mark.parametrize("tif", ["ioc", "fok"])
@pytest.mark.parametrize(
    ("setting", "time", "price", "met", "allows"),
    [
        ("next_close", 5, 105, (10, 105), True),
        ("next_close", 5, 104, (10, 105), False),
        ("next_close", 10, 98, (20, 98), True),
        ("next_close", 10, 97, (20, 98), False),
        ("this_close", 10, 106, (10, 105), True),
        ("this_close", 10, 104, (10, 105), False),
        ("this_close", 5, 105, (10, 105), True),
    ],
)
def test_an_immediate_limit_meets_that_same_price(
    tif: str, setting: Any, time: float, price: int, met: tuple[int, int], allows: bool
) -> None:
    """And nothing after it."""
    tables = simulate("candles", CANDLES, [limit(time, 2, price, tif)], candle_fill=setting)
    assert fills(tables) == ([(*met, 2, "taker")] if allows else [])
    assert ends(tables) == [("filled", "") if allows else ("expired", "not_filled")]
    assert tables.orders[0]["time_closed"] == t(met[0])


@pytest.mark.parametrize("setting", ["next_open", "next_close", "this_close"])
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (limit(5, 1, 103), (10, 102, 1, "taker")),
        (limit(10, 1, 103), (10, 102, 1, "taker")),
        (limit(5, 1, 96), (20, 96, 1, "maker")),
    ],
)
def test_gtc_limits_are_as_in_rule_16(setting: Any, row: Row, expected: Any) -> None:
    assert fills(simulate("candles", CANDLES, [row], candle_fill=setting)) == [expected]


def test_this_close_is_of_its_own_instrument() -> None:
    """Another's candle closes at 5."""
    other = replace(BTC, name="eth_usd", base="eth")
    rows = [(t(-5), t(5), None, "eth_usd", 50.0, 50.0, 50.0, 50.0, 1.0), *CANDLES]
    tables = simulate("candles", rows, [market(5, 1)], item=(BTC, other), candle_fill="this_close")
    assert fills(tables) == [(10, 105, 1, "taker")]


@pytest.mark.parametrize(("latency", "fill"), [(5, (10, 105)), (6, (20, 98)), (4, (10, 105))])
def test_this_close_counts_from_the_arrival(latency: int, fill: tuple[int, int]) -> None:
    """Sent at 5 it arrives at 10, 11 and 9."""
    tables = simulate("candles", CANDLES, [market(5, 1)], candle_fill="this_close", request_ns=latency * UNIT)
    assert fills(tables) == [(*fill, 1, "taker")]


@pytest.mark.parametrize("setting", ["next_open", "next_close", "this_close"])
@pytest.mark.parametrize(
    ("stop", "fill"),
    [(101, (10, 102)), (104, (20, 104))],  # the open of 102 shows it; inside the candle of 95 to 112
)
def test_what_a_candle_has_triggered_meets_its_own_price(setting: Any, stop: int, fill: tuple[int, int]) -> None:
    tables = simulate("candles", CANDLES, [held(5, 1, stop=stop)], candle_fill=setting)
    assert fills(tables) == [(*fill, 1, "taker")]


@pytest.mark.parametrize(
    ("setting", "time", "fill"),
    [
        ("next_open", 15, (20, 98)),
        ("next_close", 8, (10, 105)),
        ("next_open", 10, (10, 102)),
        ("next_close", 10, (20, 98)),
        ("this_close", 10, (10, 105)),
        ("this_close", 15, (20, 98)),
    ],
)
@pytest.mark.parametrize("first", ["candles", "trades"])
def test_what_a_trade_has_triggered_is_like_an_order_that_arrives_then(
    setting: Any, time: int, fill: tuple[int, int], first: str
) -> None:
    """The order of streams matters where the trade has the very time of a close, but not with this_close."""
    if (setting, time) != ("this_close", 10) and time == 10 and first == "trades":
        fill = (10, 105)  # the close comes behind it
    streams: dict[Any, list[Row]] = {"candles": CANDLES, "trades": [trade(0, 100, 9), trade(time, 120, 9)]}
    streams = {kind: streams[kind] for kind in (first, *streams)}
    terms: dict[str, Any] = {"taker_fills_on": "candles", "candle_fill": setting}
    tables = agreed(streams, [held(1, 1, stop=120)], **terms)
    assert fills(tables) == [(*fill, 1, "taker")]


def test_this_close_is_settled_with_the_requests_of_its_time() -> None:
    """The sale at 105 pays for the purchase that was sent before it."""
    tables = simulate("candles", CANDLES, [market(10, 1), market(10, -1)], usd="0", btc="1", candle_fill="this_close")
    assert [(row["order"], row["price"]) for row in tables.trades] == [(1, 105), (0, 105)]


# Rule 39: slippage


def slips(rows: list[Row], schedule: list[Row], kind: str = "trades", item: Any = BTC, **terms: Any) -> list[int]:
    """The prices of the fills with these terms of the instrument; cash is plenty."""
    names = item.__dataclass_fields__
    mine = {name: term for name, term in terms.items() if name in names}
    rest = {name: term for name, term in terms.items() if name not in names}
    return prices(simulate(kind, rows, schedule, item=replace(item, **mine), usd="1000000", btc="1000", **rest))


@pytest.mark.parametrize(
    ("terms", "quantity", "price"),
    [
        ({"slippage_ticks": 2}, 1, 102),  # up to buy, down to sell
        ({"slippage_ticks": 2}, -1, 98),
        ({"slippage_rate": "0.02"}, 1, 102),
        ({"slippage_rate": "0.020000001"}, 1, 103),  # to whole ticks, up
        ({"slippage_rate": "0.000000001"}, -1, 99),
        ({"slippage_ticks": 2, "slippage_rate": "0.011"}, 1, 104),  # each on its own: 2 and 2 of 1.1
        ({}, 1, 100),
    ],
)
def test_ticks_and_a_rate(terms: Any, quantity: int, price: int) -> None:
    assert slips(FLAT, [market(0.5, quantity)], **terms) == [price]


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        ({"range_share": 0.1}, 102),  # of a range of 20
        ({"range_share": 0.11}, 103),  # 2.2
        ({"range_share": 0.10000001}, 102),  # 2.0000002: less than a millionth more
        ({"range_share": 0.1000001}, 103),  # 2.000002
        ({"volume_share": 0.1}, 103),  # 0.1 x 100 x (1/2)^2 = 2.5
        ({"volume_share": 0.08}, 102),
        ({"impact": 0.1}, 102),  # 0.1 x 20 x 0.7071 = 1.41
        ({"impact": 0.2}, 103),  # 2.83
        ({"range_share": 0.02, "volume_share": 0.01, "impact": 0.01}, 101),  # 0.4 + 0.25 + 0.141, together rounded
        ({"range_share": 0.02, "slippage_ticks": 1}, 102),
    ],
)
def test_shares_of_range_and_volume(terms: Any, price: int) -> None:
    """Two lots of a volume of four; the candle went from 90 to 110, the one filled at opens at 100."""
    rows = [volume(candle(0, (100, 110, 90, 105)), 4), volume(candle(10, (100, 101, 99, 100)), 9)]
    assert slips(rows, [market(10, 2)], "candles", **terms) == [price]


def test_the_range_is_of_the_last_candle() -> None:
    """At an open that of the candle before, 0 before the first; at a close, and inside, its own."""
    rows = [candle(0, (100, 104, 96, 100)), candle(10, (100, 120, 90, 100)), candle(20, (100,) * 4)]
    schedule = [market(0, 1), market(5, 1), market(10, 1), market(15, 1), market(20, 1)]
    # 0; half of 8; of 8; of 30; of 30
    assert slips(rows, schedule, "candles", range_share=0.5) == [100, 104, 104, 115, 115]
    assert slips(rows, [held(5, 1, stop=110)], "candles", range_share=0.5) == [125]
    assert slips(rows, [market(10, 1)], "candles", range_share=0.5, candle_fill="this_close") == [104]


def test_the_range_counts_whatever_fills() -> None:
    """The trade at 15 after a candle from 96 to 104, that at 5 before any."""
    streams: dict[Any, list[Row]] = {
        "trades": [trade(0, 100, 9), trade(5, 100, 9), trade(15, 100, 9)],
        "candles": [candle(0, (100, 104, 96, 100)), candle(10, (100, 120, 90, 100))],
    }
    item = replace(BTC, range_share=0.5)
    assert prices(agreed(streams, [market(1, 1), market(11, 1)], item=item)) == [100, 104]


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [
        (10, 5, 103),  # a quarter of 10, up
        (10.9, 5, 103),  # whole lots: 10
        (5, 5, 110),
        (4, 5, 110),  # less than the fill
        (0.5, 5, 110),  # nothing
    ],
)
def test_the_share_of_a_trade(amount: float, quantity: int, price: int) -> None:
    rows = [trade(0, 100, 1), trade(1, 100, amount), trade(9, 100, 1)]
    assert slips(rows, [market(0.5, quantity)], volume_share=0.1) == [price]
    assert slips(rows, [held(0.5, quantity, stop=100)], volume_share=0.1) == [price]  # triggered by it


@pytest.mark.parametrize(("lots", "price"), [(4, 103), (2, 110), (1, 110), (0, 110)])
def test_the_share_of_a_candle(lots: float, price: int) -> None:
    """Two lots at a close, inside a candle, and at the open behind it."""
    rows = [volume(candle(0, (100, 102, 98, 100)), lots), volume(candle(10, (100, 100, 100, 100)), 1)]
    assert slips(rows, [market(5, 2)], "candles", volume_share=0.1) == [price]
    assert slips(rows, [market(10, 2)], "candles", volume_share=0.1) == [price]
    assert slips(rows, [held(0, 2, stop=102)], "candles", volume_share=0.1) == [{103: 105, 110: 113}[price]]


def test_the_share_is_1_before_the_first_candle() -> None:
    assert slips([candle(0, (100,) * 4)], [market(0, 2)], "candles", volume_share=0.1) == [110]


def test_the_share_of_a_quote_is_of_what_it_had_when_it_came() -> None:
    """Of ten, five and five: a quarter of 10 each. Then what there is of three."""
    rows = [quote(0, 99, 9, 100, 10), quote(5, 99, 9, 100, 3), quote(9, 99, 9, 100, 0)]
    schedule = [market(1, 5), market(2, 5), market(3, 5)]
    assert slips(rows, schedule, "quotes", volume_share=0.1) == [103, 103, 110]


def test_quotes_fill_what_candles_trigger() -> None:
    """The amount on offer counts, of ten, not the volume of two."""
    streams: dict[Any, list[Row]] = {
        "candles": [volume(candle(0, (100,) * 4), 2), volume(candle(10, (100, 105, 100, 100)), 2)],
        "quotes": [quote(0, 99, 9, 100, 10), quote(25, 99, 9, 100, 0)],
    }
    item = replace(BTC, volume_share=0.1)
    assert prices(agreed(streams, [held(1, 5, stop=105)], item=item)) == [103]


def test_the_lots_are_those_before_anything_is_cut() -> None:
    """Four of eight are 2.5 of 10, of which a target can pay two, and a reduction has one."""
    rows = [trade(0, 100, 8), trade(1, 100, 8), trade(2, 100, 8), trade(3, 100, 8)]
    item = replace(BTC, volume_share=0.1)
    tables = simulate("trades", rows, [("target", t(0.5), "btc_usd", 4.0)], item=item, usd="250")
    assert [(row["price"], row["quantity"]) for row in tables.trades] == [(103, 2)]
    schedule = [market(0.5, 1), held(1.5, -4, reduce_only=True)]
    tables = simulate("trades", rows, schedule, item=replace(FUTURE, volume_share=0.1))
    # one of eight: 10/64, up
    assert [(row["price"], row["quantity"]) for row in tables.trades] == [(101, 1), (97, 1)]


@pytest.mark.parametrize(
    ("row", "price"),
    [
        (limit(0.5, 1, 102, "ioc"), 102),
        (limit(0.5, 1, 103, "fok"), 103),
        (limit(0.5, 1, 100, "ioc"), 100),
        (limit(0.5, 1, 120, "ioc"), 105),
        (limit(0.5, -1, 98, "ioc"), 98),
        (limit(0.5, -1, 90, "ioc"), 95),
        (market(0.5, -1), 95),
    ],
)
def test_no_further_than_the_limit(row: Row, price: int) -> None:
    """Whether a limit allows its price is asked before: at 100 it does."""
    assert slips(FLAT, [row], slippage_ticks=5) == [price]


def test_a_sale_is_at_1_at_least() -> None:
    assert slips(moves(3, 3, 3), [market(0.5, -1), market(1.5, 1)], slippage_ticks=5) == [1, 8]


@pytest.mark.parametrize(
    ("kind", "rows", "row", "expected"),
    [
        ("trades", [trade(0, 100, 1), trade(1, 95, 9)], limit(0.5, 1, 98), (98, "maker")),
        ("quotes", [quote(0, 99, 9, 101, 9), quote(1, 99, 9, 101, 9)], limit(0.5, 1, 110), (106, "taker")),
        ("quotes", [quote(0, 99, 9, 101, 9), quote(1, 95, 9, 97, 9)], limit(0.5, 1, 98), (98, "maker")),
        ("candles", CANDLES, limit(5, 1, 110), (107, "taker")),  # at the open of 102
        ("candles", CANDLES, limit(5, 1, 104), (104, "taker")),
        ("candles", CANDLES, limit(5, 1, 96), (96, "maker")),
        ("trades", FLAT, held(0.5, 1, 104, stop=100), (104, "taker")),
    ],
)
def test_who_takes_slips_and_who_makes_does_not(kind: str, rows: list[Row], row: Row, expected: Any) -> None:
    tables = simulate(kind, rows, [row], item=replace(BTC, slippage_ticks=5))
    assert [(one["price"], one["liquidity"]) for one in tables.trades] == [expected]


def test_checks_and_fees_are_at_the_price_so_moved() -> None:
    """Ten at 105 and a fee of 1% are 1060.5."""
    item = replace(BTC, slippage_ticks=5, taker="0.01")
    tables = simulate("trades", FLAT, [market(0.5, 10)], item=item, usd="1060.5")
    assert (fees(tables), tables.balances[-2]["total"]) == ([10.5], 0)
    tables = simulate("trades", FLAT, [market(0.5, 10)], item=item, usd="1060.4")
    assert ends(tables) == [("rejected", "insufficient_balance")]
    tables = simulate("trades", FLAT, [("target", t(0.5), "btc_usd", 10.0)], item=item, usd="1060.4")
    assert tables.orders[0]["filled"] == 9


@pytest.mark.parametrize(("usd", "end"), [("57", "filled"), ("56", "rejected")])
def test_margin_is_checked_at_the_price_so_moved(usd: str, end: str) -> None:
    """A half of 105, and a fee of 4.2."""
    item = replace(FUTURE, slippage_ticks=5, taker="0.04")
    tables = simulate("trades", FLAT, [market(0.5, 1)], item=item, usd=usd)
    assert [status for status, _ in ends(tables)] == [end]


def test_protection_by_distance_is_from_the_price_so_moved() -> None:
    """Bought at 105: a stop at 102, which the trade at 101 triggers, and which slips to 96; a profit at 109."""
    rows = [held(0.5, 1, stop_loss=3, take_profit=4)]
    item = replace(BTC, slippage_ticks=5)
    tables = simulate("trades", moves(100, 100, 103, 101), rows, item=item, protect_by="distance")
    assert (tables.orders[1]["trigger"], tables.orders[2]["price"]) == (102, 109)
    assert prices(tables) == [105, 96]


def test_a_stop_inside_the_candle_of_its_entry_slips_as_well() -> None:
    """Rule 31: bought at the trigger of 102 and a tick more; the stop at 101 is met in that candle, a tick below."""
    rows = [candle(0, (101,) * 4), candle(10, (100, 104, 96, 99)), candle(20, (99,) * 4)]
    item = replace(BTC, slippage_ticks=1)
    assert prices(simulate("candles", rows, [held(5, 1, stop=102, stop_loss=101)], item=item)) == [103, 100]


def test_the_mark_after_a_fill_is_the_price_so_moved() -> None:
    """Two bought at 105, one sold at 95, of which the engine hears last: the other is worth 95."""
    item = replace(BTC, slippage_ticks=5)
    tables = simulate("trades", FLAT, [market(0.5, 2), market(1.5, -1)], item=item, response_ns=UNIT)
    assert prices(tables) == [105, 95]
    assert tables.equity[-1] == {"time": t(10), "equity": (1000 - 210 + 95 + 95) * UNIT}


def test_slippage_of_inverse_contracts() -> None:
    """Up to buy: fewer coins."""
    item = replace(FUTURE, kind="inverse", contract_size="100", slippage_ticks=25)
    tables = simulate("trades", FLAT, [market(0.5, 1)], item=item, btc="9")
    assert [(row["price"], row["notional"]) for row in tables.trades] == [(125, 800_000_000)]


# Rule 40: fees by order


def charged(quantity: int, *amounts: float, price: float = 100, **terms: Any) -> list[float]:
    """The fees of a market order that quotes fill in these parts; cash is plenty."""
    rows = [quote(second, price - 1, 9, price, amount) for second, amount in enumerate(amounts)]
    item = replace(BTC, **terms)
    return fees(simulate("quotes", [*rows, quote(99, 99, 9, 100, 0)], [market(0, quantity)], item=item, usd="100000"))


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"taker": "0.01"}, [2, 3]),  # without a term by order
        ({"taker": "0.01", "per_order": "0.5"}, [2.5, 3]),  # once
        ({"taker": "0.01", "per_contract": "0.1", "per_order": "0.5"}, [2.7, 3.3]),
        ({"taker": "0.01", "fee_minimum": "1"}, [2, 3]),
        ({"taker": "0.01", "fee_minimum": "3"}, [3, 2]),  # at least: 3, then 5
        ({"taker": "0.01", "fee_minimum": "7"}, [7, 0]),
        ({"taker": "0.01", "per_order": "1", "fee_minimum": "4"}, [4, 2]),  # the minimum of both together
        ({"taker": "0.01", "fee_maximum": "0.005"}, [1, 1.5]),  # of the notional of 200, then of 500
        ({"taker": "0.01", "fee_maximum": "0.01"}, [2, 3]),
        ({"per_order": "4", "fee_maximum": "0.01"}, [2, 2]),  # 2 of 4; 4 of 5
        ({"fee_minimum": "4", "fee_maximum": "0.01"}, [2, 2]),  # then at most
        ({"taker": "0.01", "fee_maximum": "0.0001"}, [0.02, 0.03]),
        ({"taker": "0.01", "fee_increment": "4"}, [0, 4]),  # 2 is half of it, to even; 5 is 1.25 of it
        ({"taker": "0.011", "fee_increment": "4"}, [4, 0]),  # 2.2, 5.5
        ({"taker": "0.01", "per_order": "1", "fee_increment": "2"}, [4, 2]),  # 3 is 1.5, to even 2; 6 is 3
        ({"taker": "0.01", "fee_maximum": "0.005", "fee_increment": "2"}, [0, 2]),  # after the maximum: 1 is half, 2.5
        ({"taker": "-0.01", "per_order": "1"}, [-1, -3]),  # may be below 0: a minimum of 0 is none
        ({"taker": "-0.01", "fee_minimum": "1"}, [1, 0]),
        ({"taker": "-0.01", "per_order": "4", "fee_minimum": "1"}, [2, -1]),  # 4 - 2, then at least 1
    ],
)
def test_what_an_order_has_paid(terms: Any, expected: list[float]) -> None:
    """Two at 100, then three."""
    assert charged(5, 2, 3, **terms) == expected


def units(item: Any, first: float, second: float) -> list[int]:
    """The fees, in units, of an order that is filled in two parts at 100."""
    rows = [quote(0, 99, 9, 100, first), quote(1, 99, 9, 100, second)]
    tables = simulate("quotes", rows, [market(0, first + second)], item=replace(item, lot="0.001"))
    return [row["fees"] for row in tables.trades]


def test_the_fees_by_rule_3_are_rounded_before_they_are_added() -> None:
    """Each is half a unit, to even 0; together they would be 1."""
    item = replace(BTC, taker="0.000000001")
    assert units(item, 0.005, 0.005) == [0, 0]
    assert units(replace(item, per_order="0.000000005"), 0.005, 0.005) == [5, 0]


def test_the_maximum_is_of_all_that_was_filled_half_to_even() -> None:
    """A billionth: 2.5 units, to 2, then 3.5, to 4."""
    assert units(replace(BTC, taker="0.01", fee_maximum="0.000000001"), 0.025, 0.01) == [2, 2]


def test_amounts_are_whole_units_half_to_even() -> None:
    """With a unit of 0.01: 0.025 is 2 of them, 0.035 is 4."""
    for amount, whole in (("0.025", 2), ("0.035", 4)):
        for name in ("per_order", "fee_minimum"):
            term: dict[str, Any] = {name: amount}
            item = replace(BTC, **term)
            tables = simulate("trades", FLAT, [market(0.5, 1)], item=item, units=(("alpha", "usd", "0.01"),))
            assert [row["fees"] for row in tables.trades] == [whole]
        item = replace(BTC, fee_increment=amount, taker="0.01")
        tables = simulate("trades", FLAT, [market(0.5, 1)], item=item, units=(("alpha", "usd", "0.01"),))
        assert [row["fees"] for row in tables.trades] == [100]  # 50 and 25 of them


def test_each_order_pays_its_own() -> None:
    item = replace(BTC, per_order="2")
    tables = simulate("trades", FLAT, [market(0.5, 1), market(0.5, 1)], item=item)
    assert fees(tables) == [2, 2]


def test_makers_and_takers_of_one_order() -> None:
    """Two taken at 100 for 2%, three made at 100 for 1%: 4, then 7, at least 5."""
    item = replace(BTC, taker="0.02", maker="0.01", fee_minimum="5")
    rows = [quote(0, 99, 9, 100, 2), quote(5, 98, 9, 99, 9)]
    tables = simulate("quotes", rows, [limit(1, 5, 100)], item=item)
    assert [(row["liquidity"], row["fees"] // UNIT) for row in tables.trades] == [("taker", 5), ("maker", 2)]


def test_a_fee_that_is_negative_is_paid_back() -> None:
    """A taker pays 2.2, in steps of 4: 4; the maker's rebate leaves 1.9: 0."""
    item = replace(BTC, taker="0.011", maker="-0.001", fee_increment="4")
    rows = [quote(0, 99, 9, 100, 2), quote(5, 98, 9, 99, 9)]
    tables = simulate("quotes", rows, [limit(1, 5, 100)], item=item)
    assert fees(tables) == [4, -4]
    assert [row["total"] // UNIT for row in tables.balances if row["asset"] == 1] == [1000, 1000, 796, 500]
    assert tables.orders[0]["fees"] == 0


def test_an_inverse_contract_pays_in_its_settlement_asset() -> None:
    item = replace(FUTURE, kind="inverse", contract_size="100", per_order="0.5")
    tables = simulate("trades", FLAT, [market(0.5, 1)], item=item, btc="9")
    assert [row["fees"] for row in tables.trades] == [500_000_000]


@pytest.mark.parametrize(
    ("terms", "reserved"),
    [
        ({"per_order": "2"}, [502, 300]),  # paid with the first fill
        ({"maker": "0.01", "taker": "0.02"}, [510, 306]),
        ({"maker": "0.01", "taker": "0.02", "per_order": "2"}, [512, 306]),  # behind what was made: 4 + 6 of 2%
        ({"maker": "0.01", "fee_minimum": "4"}, [505, 301]),  # the rest adds 1 to 4
        ({"taker": "0.02", "fee_minimum": "4"}, [510, 302]),  # behind 0, of at least 4: 6
        ({"maker": "0.02", "fee_maximum": "0.01"}, [505, 303]),
        ({"maker": "0.01", "fee_increment": "4"}, [504, 304]),  # 5 is 4; after 2, which are 0, the rest adds 4
        ({"maker": "0.011", "fee_increment": "4"}, [504, 300]),  # 5.5 is 4; after 2.2, which are 4, nothing
        ({"maker": "-0.01", "taker": "-0.01", "per_order": "1"}, [500, 300]),  # a rebate counts as 0
    ],
)
def test_what_a_limit_reserves(terms: Any, reserved: list[float]) -> None:
    """Five at 100, then of them three."""
    rows = [trade(0, 105, 1), trade(2, 99, 2), trade(9, 105, 1)]
    tables = simulate("trades", rows, [limit(1, 5, 100)], item=replace(BTC, **terms))
    usd = [(row["total"] - row["free"]) / UNIT for row in tables.balances if row["asset"] == 1]
    assert usd == [0, *reserved]


@pytest.mark.parametrize(("usd", "end"), [("102", "open"), ("101", "rejected")])
def test_what_it_reserves_has_to_be_there(usd: str, end: str) -> None:
    tables = simulate("trades", FLAT, [limit(0.5, 1, 100)], item=replace(BTC, per_order="2"), usd=usd)
    assert [status for status, _ in ends(tables)] == [end]


@pytest.mark.parametrize(
    ("usd", "lots"), [("507", 5), ("506", 4), ("406", 4), ("405", 3), ("204", 2), ("103", 1), ("102", 0)]
)
def test_a_target_is_cut_to_what_its_fee_leaves(usd: str, lots: int) -> None:
    """1% and 2, at least 3."""
    item = replace(BTC, per_order="2", fee_minimum="3", taker="0.01")
    tables = simulate("trades", FLAT, [("target", t(0.5), "btc_usd", 5.0)], item=item, usd=usd)
    assert tables.orders[0]["filled"] == lots


def test_later_fills_are_cut_behind_those_before() -> None:
    """Two for 200 and 3 leave 205, which pay two more and the 2 that four owe above the 3."""
    item = replace(BTC, per_order="1", fee_minimum="3", taker="0.01")
    rows = [quote(0, 99, 9, 100, 2), quote(1, 99, 9, 100, 9)]
    for usd, parts in (("408", [2, 2]), ("405", [2, 2]), ("404", [2, 1])):
        tables = simulate("quotes", rows, [("target", t(0), "btc_usd", 5.0)], item=item, usd=usd)
        assert [row["quantity"] for row in tables.trades] == parts
        assert sum(fees(tables)) == max(1 + sum(parts), 3)


@pytest.mark.parametrize(
    ("value", "terms", "lots"),
    [
        (500.0, {"per_order": "1"}, 4),
        (501.0, {"per_order": "1"}, 5),
        (500.0, {"fee_minimum": "1"}, 4),
        (505.0, {"taker": "0.01", "fee_minimum": "5"}, 5),
        (505.0, {"taker": "0.01", "fee_minimum": "6"}, 4),
        (550.0, {"taker": "0.1", "fee_maximum": "0.01"}, 5),
        (595.0, {"taker": "0.2", "fee_maximum": "0.0001"}, 4),  # of the lots there: 595 / 1.2 is 495
        (505.0, {"taker": "0.01", "fee_increment": "4"}, 5),  # 5 is 4
        (504.0, {"taker": "0.01", "fee_increment": "4"}, 4),  # of the lots there: 504 / 1.01 is 499
        (515.0, {"taker": "0.01", "fee_increment": "20"}, 5),  # 5 is 0
        (515.0, {"taker": "0.03", "fee_increment": "20"}, 4),  # 15 is 20; 12 is 20
        (500.0, {"taker": "-0.01", "per_order": "4"}, 5),  # a rebate counts as 0
        (500.0, {"per_order": "1", "slippage_ticks": 7}, 4),  # at the price of rule 6
    ],
)
@pytest.mark.parametrize("size", ["notional", "equity"])
def test_sizes_with_fee(size: Any, value: float, terms: Any, lots: int) -> None:
    """At 100."""
    target, usd = (1.0, str(value)) if size == "equity" else (value, "1000")
    schedule = [("target", t(0.5), "btc_usd", target)]
    tables = simulate("trades", FLAT, schedule, item=replace(BTC, **terms), size=size, usd=usd, with_fee=True)
    assert tables.orders[0]["quantity_requested"] == lots


def test_sizes_without_fee_do_not_count_it() -> None:
    item = replace(BTC, per_order="50")
    tables = simulate("trades", FLAT, [("target", t(0.5), "btc_usd", 500.0)], item=item, size="notional")
    assert tables.orders[0]["quantity_requested"] == 5


def test_a_flip_divides_its_fee() -> None:
    """Sells three for 1 and 2% of 300, of which a third closes."""
    item = replace(FUTURE, taker="0.02", per_order="1")
    tables = simulate("trades", moves(100, 100, 100), [market(0.5, 1), market(1.5, -3)], item=item)
    assert fees(tables) == [3, 7]
    assert [row["fees_exit"] for row in tables.positions] == [2_333_333_333]


def test_what_protects_an_entry_pays_its_own() -> None:
    """Bought in two fills for 2 once, sold for 2."""
    rows = [quote(0, 99, 9, 101, 2), quote(2, 99, 9, 101, 9), quote(3, 90, 9, 101, 0)]
    item = replace(BTC, per_order="2")
    tables = simulate("quotes", rows, [held(1, 4, stop_loss=95)], item=item)
    assert fees(tables) == [2, 0, 2]
