"""Tiers, fees in other assets, delays and quotes by hand, where rules meet: rules 14, 52, 62 and 63."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import InstrumentSpec, Row

from .latency import drawn, mixed
from .tables import Tables
from .tiny import (
    BTC,
    ETH,
    PERP,
    START,
    UNIT,
    agreed,
    balances,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    paid,
    quote,
    simulate,
    t,
    trade,
)

FLAT = moves(*(100,) * 12)
CENT = replace(BTC, lot="0.01", taker="0.01", paid_in="received")
DISCOUNTED = replace(BTC, taker="0.01", paid_in="eth", discount="0.25")
BOOKS = [quote(0, 99, 9, 101, 2), quote(5, 99, 9, 101, 2)]


def fees(tables: Tables) -> list[float]:
    """Of each trade, in whole assets."""
    return [row["fees"] / UNIT for row in tables.trades]


def tiered(*levels: tuple[str, str, str], window: int = 1, before: str = "0", every: int = 2) -> InstrumentSpec:
    """Fees by volume in usd, of intervals of some seconds."""
    return replace(BTC, maker="0.02", taker="0.05", fee_tiers=(levels, "usd", window, every * UNIT, before))


# Rule 62: fees by volume


def test_rates_follow_the_volume_of_whole_intervals() -> None:
    """Sent at 1.5 it fills at 2, in the interval that ends then; one that arrives at 2 on a quote is of the next."""
    item = tiered(("200", "0", "0.01"), ("300", "0", "0"), window=2)
    tables = simulate("trades", FLAT, [market(at, 1) for at in (0.5, 1.5, 2.5, 3.5, 6.5)], item=item, usd="1000")
    assert fees(tables) == [5, 5, 1, 1, 1]  # 0, 0, 200 of 0 to 2, 200, then 200 of 2 to 4 and none of 4 to 6
    assert [second for second, *_ in fills(tables)] == [1, 2, 3, 4, 7]


def test_a_request_of_the_time_at_which_an_interval_ends_pays_the_next_rates() -> None:
    rows = [quote(second, 99, 9, 101, 9) for second in range(7)]
    schedule = [market(1, 2), market(2, 1), market(4, 1), market(6, 1)]
    tables = simulate("quotes", rows, schedule, item=tiered(("202", "0", "0.01")), usd="2000")
    assert fees(tables) == [10.1, 1.01, 5.05, 5.05]


def test_volume_before_the_run_and_what_a_resting_order_reserves() -> None:
    """It reserves at the rates of its arrival until it fills in part, then at those of that time."""
    item = tiered(("100", "0.01", "0.02"), before="60", window=2)
    rows = [trade(second, 100, 1) for second in range(6)] + [trade(6, 89, 1), trade(7, 100, 1)]
    tables = simulate("trades", rows, [limit(0.5, 2, 90)], item=item, usd="1000")
    assert balances(tables)[1] == (0.5, 1000, 1000 - 180 * 1.02)
    assert balances(tables)[2] == (6, 1000 - 90 * 1.02, 1000 - 90 * 1.02 - 90 * 1.05)  # 0 in 2 to 6: the plain ones


def test_sizes_leave_room_at_the_rates_in_force() -> None:
    targets = [("target", t(at), "btc_usd", 840.0) for at in (0.5, 2.5)]
    terms: dict[str, Any] = {"size": "notional", "with_fee": True, "usd": "5000", "item": tiered(("800", "0", "0.01"))}
    tables = simulate("trades", [trade(row, 100, 99) for row in range(6)], targets, **terms)
    assert [row["quantity"] for row in tables.orders] == [8]  # 840 / 1.05, and then 840 / 1.01
    tables = simulate("trades", [trade(row, 10, 99) for row in range(6)], targets, **terms)
    assert [row["quantity"] for row in tables.orders] == [80, 3]


# Rule 63: in what is received


def test_a_credit_goes_from_fill_to_fill_until_a_split() -> None:
    """Half a lot of fee takes a lot from the first, none from the second; what the third leaves a split forgets."""
    schedule: list[Row] = [market(at, 0.5) for at in (0.5, 1.5, 2.5, 4.5)]
    schedule += [("target", t(6.5), "btc_usd", 0.0)]
    rows = {"trades": moves(*(100,) * 4, *(50,) * 6)}
    tables = agreed(rows, schedule, ("split", t(3.5), "btc_usd", "2:1"), item=CENT)
    assert [total for _, total, _ in balances(tables, "btc")] == [0, 0.495, 0.99, 1.485, 2.97, 3.465, 0.015]
    assert [row["quantity_max"] for row in tables.positions] == [2 * (49 + 50 + 49) + 49]


def test_a_buy_is_held_back_by_its_notional_alone() -> None:
    """All of the quote asset can be spent; a sale needs the fee in quote."""
    tables = simulate("trades", FLAT, [market(0.5, 10), limit(2.5, -9.9, 100)], item=CENT)
    assert [total for _, total, _ in balances(tables)][:2] == [1000, 0]
    assert [row["quantity"] for row in tables.trades] == [1000]
    assert tables.orders[1]["quantity"] == 990


def test_a_short_of_coins_that_were_there_is_closed_by_what_is_left_of_a_buy() -> None:
    """Of 2 bought 0.02 are the fee: 1 closes, 0.98 open."""
    tables = simulate("trades", FLAT, [market(0.5, -1), market(2.5, 2)], item=CENT, btc="1")
    assert [(row["side"], row["quantity_max"], row["fees_exit"] / UNIT) for row in tables.positions] == [
        (-1, 100, pytest.approx(2 / 1.98))
    ]


# Rule 63: in a third asset


def with_eth(schedule: list[Row], amount: float, *items: InstrumentSpec, **terms: Any) -> Tables:
    """A deposit of eth before all else; it is worth 200, from 3 on 400."""
    rows = [*FLAT, trade(0, 200, 9, "eth_usd"), trade(3, 400, 9, "eth_usd"), trade(9, 400, 9, "eth_usd")]
    streams = {"trades": sorted(rows, key=lambda row: row[0])}
    return agreed(streams, schedule, ("cash", t(0), "alpha", "eth", amount, "gift"), item=items, **terms)


def test_a_third_asset_pays_while_it_is_there_with_a_discount() -> None:
    """2.25 are 0.01125 at 200 and 0.005625 at 400, for which too little is left in the end."""
    schedule = [market(0.5, 3), market(3.5, 3), market(5.5, 3)]
    tables = with_eth(schedule, 0.02, DISCOUNTED, replace(ETH, lot="0.001"))
    assert fees(tables) == [2.25, 2.25, 3]
    assert paid(tables) == [(0, 0.02), (1, -0.01125), (4, -0.005625)]
    assert tables.payments[-1]["reason"] == "trading_fee"


def test_a_sale_of_the_asset_that_pays_does_not_pay_in_it_and_a_purchase_pays_with_what_was_there() -> None:
    own = replace(ETH, taker="0.01", paid_in="eth", lot="0.001")
    schedule = [market(0.5, 1, name="eth_usd"), market(5.5, -0.5, name="eth_usd")]
    tables = with_eth(schedule, 0.5, BTC, own)
    assert paid(tables) == [(0, 0.5), (3, -0.01)]  # 4 of usd at 400; the mark of before is the price there
    assert fees(tables) == [4, 2]
    tables = with_eth(schedule, 0.001, BTC, own)
    assert paid(tables) == [(0, 0.001)]


def test_what_a_third_asset_pays_the_quote_asset_need_not() -> None:
    """300 buy three without a fee in usd; in the quote asset there is a discount, too, but not enough."""
    assert ends(with_eth([market(0.5, 3)], 1, DISCOUNTED, ETH, usd="300")) == [("filled", "")]
    assert ends(with_eth([market(0.5, 3)], 0, DISCOUNTED, ETH, usd="300")) == [("rejected", "insufficient_balance")]
    item = replace(DISCOUNTED, paid_in="usd")
    assert fees(with_eth([market(0.5, 3)], 1, item, ETH, usd="302.25")) == [2.25]
    assert ends(with_eth([market(0.5, 3)], 1, item, ETH, usd="302.24")) == [("rejected", "insufficient_balance")]


def test_a_limit_reserves_as_if_the_quote_asset_paid_and_a_liquidation_pays_there() -> None:
    tables = with_eth([limit(0.5, 3, 90)], 1, DISCOUNTED, ETH)
    assert balances(tables)[-1] == (0.5, 1000, 1000 - 270 * 1.01)
    perp = replace(PERP, margin="0.1", maintenance="0.05", taker="0.01", paid_in="eth", discount="0.5")
    rows = [*FLAT[:6], trade(6, 70, 9), trade(7, 70, 9), trade(0, 200, 9, "eth_usd")]
    rows = [(*row[:2], "btc_usd_perp" if row[2] == "btc_usd" else row[2], *row[3:]) for row in rows]
    streams = {"trades": sorted(rows, key=lambda row: row[0])}
    schedule = [market(0.5, 5, name="btc_usd_perp")]
    tables = agreed(streams, schedule, ("cash", t(0), "alpha", "eth", 1.0, "gift"), item=(perp, ETH), usd="100")
    assert fees(tables) == [2.5, 3.5]
    assert [row["reason"] for row in tables.payments] == ["gift", "trading_fee", "insurance"]


# Rule 14: locked quotes, and what lies beyond a size


@pytest.mark.parametrize(
    ("row", "expected", "end"),
    [
        (market(1, 5), [(1, 101, 2), (1, 102, 3)], "filled"),
        (limit(1, 5, 102), [(1, 101, 2), (1, 102, 3)], "filled"),
        (limit(1, 5, 101), [(1, 101, 2), (5, 101, 2)], "open"),  # the rest rests, and gets the size alone
        (limit(1, 5, 101, "ioc"), [(1, 101, 2)], "expired"),
        (limit(1, 5, 102, "fok"), [(1, 101, 2), (1, 102, 3)], "filled"),
        (limit(1, 5, 101, "fok"), [], "expired"),
        (market(1, -12), [(1, 99, 9), (1, 98, 3)], "filled"),
        (held(1, 5, stop=101), [(1, 101, 2), (1, 102, 3)], "filled"),
    ],
)
def test_beyond_the_size_all_is_a_tick_worse(row: Row, expected: Any, end: str) -> None:
    terms: dict[str, Any] = {"fills_beyond": True, "btc": "20", "triggers_on": "quotes", "maker_fills_on": "quotes"}
    tables = simulate("quotes", BOOKS, [row], **terms)
    assert [one[:3] for one in fills(tables)] == expected
    assert ends(tables)[0][0] == end


def test_each_part_slips_and_is_checked_by_itself_and_a_used_up_size_is_no_end() -> None:
    """Behind the first order nothing is left; the second pays 103 for all, of the third only the size can be paid."""
    item = replace(BTC, slippage_ticks=1)
    schedule = [market(1, 2), market(2, 1), market(5, 5, "ioc")]
    tables = simulate("quotes", BOOKS, schedule, item=item, fills_beyond=True, usd="620")
    assert [one[:3] for one in fills(tables)] == [(1, 102, 2), (2, 103, 1), (5, 102, 2)]
    assert ends(tables)[2] == ("cancelled", "insufficient_balance")


@pytest.mark.parametrize("fills_locked", [False, True])
def test_a_locked_book_takes_triggers_and_refuses_post_only(fills_locked: bool) -> None:
    rows = [quote(0, 99, 5, 103, 5), quote(1, 101, 5, 101, 5), quote(9, 99, 5, 103, 5)]
    schedule = [held(0.5, 1, if_touched=101), limit(0.5, 1, 101), market(2, 1), limit(2, 1, 101, post_only=True)]
    terms: dict[str, Any] = {"triggers_on": "quotes", "maker_fills_on": "quotes", "fills_locked": fills_locked}
    tables = simulate("quotes", rows, schedule, **terms)
    met = [(1, 101, 1, "maker"), (1, 101, 1, "taker"), (2, 101, 1, "taker")]
    assert sorted(fills(tables)) == (met if fills_locked else [(9, 103, 1, "taker")])
    assert ends(tables)[-1][0] == ("rejected" if fills_locked else "open")


# Rule 52: latency


def test_the_draws_are_those_of_splitmix64() -> None:
    """The first two outputs that are published for the seed 0."""
    assert mixed(0) == 0xE220A8397B1DCDAF
    assert mixed(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4


def test_delays_by_time_never_let_a_message_overtake() -> None:
    """The second is sent when a second less is needed than the first has left."""
    by_time = ("by_time", (4 * UNIT, 0), (t(1), t(2)))
    tables = simulate("trades", FLAT, [market(0.5, 1), market(2, 1), market(6, 1)], request_delays=by_time)
    assert [(row["time_exchange"] - START) / UNIT for row in tables.orders] == [4.5, 4.5, 6]
    tables = simulate("trades", FLAT, [market(0.5, 1), market(2, 1)], response_delays=by_time)
    assert [(row["time_engine"] - START) / UNIT for row in tables.trades] == [5, 5]


def slow(*numbers: int) -> dict[str, Any]:
    """Requests of these of the first three orders take five seconds, the others none."""
    wanted = [int(number in numbers) for number in range(3)]
    seed = next(seed for seed in range(999) if [drawn(seed, 0, number) >> 31 for number in range(3)] == wanted)
    return {"request_delays": ("measured", (0, 5 * UNIT), ()), "seed": seed}


def test_protection_that_is_slower_than_its_entry_starts_when_it_arrives() -> None:
    """At a distance from the entry's fill; a follower likewise is an order that arrives then."""
    rows = moves(100, 100, 100, 80, 80, 80, 80, 80)
    entry = held(0.5, 1, stop_loss=10.0)
    tables = simulate("trades", rows, [entry], protect_by="distance", **slow(1))
    assert fills(tables) == [(1, 100, 1, "taker"), (6, 80, 1, "taker")]
    assert [row["trigger"] for row in tables.orders] == [0, 90]
    tables = simulate("trades", rows, [market(0.5, 1), held(0.5, -1, 70, after=0)], **slow(1))
    assert (tables.orders[1]["time_exchange"] - START) / UNIT == 5.5


def test_protection_that_arrives_behind_a_fill_of_the_other_is_rejected() -> None:
    rows = moves(100, 100, 100, 80, 80, 80, 80, 80)
    tables = simulate("trades", rows, [held(0.5, 1, stop_loss=90, take_profit=110)], **slow(2))
    assert ends(tables) == [("filled", ""), ("filled", ""), ("rejected", "sibling_filled")]
    assert (tables.orders[2]["time_closed"] - START) / UNIT == 5.5
