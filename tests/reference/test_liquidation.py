"""Rules 42, 43 and the end of rule 46 by hand: each test names the sentence that it is about.

Mostly two are held from 100, of an account of 110, with a margin of a half and a maintenance of a quarter. A long one
is worth 110 + 2 (p - 100) at p and must keep p / 2, which are both 30 at 60; at 59 it is worth 28 and must keep 29.5.
A short one is worth 110 - 2 (p - 100), which are both 62 at 124; at 125 it is worth 60 and must keep 62.5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import START, Row

from .tables import Tables
from .tiny import (
    BTC,
    ETH,
    FUTURE,
    PERP,
    UNIT,
    agreed,
    balances,
    cancel,
    candle,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    paid,
    quote,
    t,
    trade,
)

SWAP = replace(PERP, name="btc_usd", maintenance="0.25")
OTHER = replace(SWAP, name="eth_usd", base="eth")
SPOT = replace(BTC, margin="0.5", maintenance="0.25")
INVERSE = replace(SPOT, kind="inverse", margin="0.25")
LATER = replace(FUTURE, expiry=t(3))
FILLED, LIQUIDATED, SETTLED = ("filled", ""), ("filled", "liquidation"), ("filled", "settlement")
CANCELLED, POOR = ("cancelled", "liquidation"), ("rejected", "insufficient_balance")


def closings(tables: Tables) -> list[tuple[float, int, int]]:
    """Of each position that the venue has closed: seconds after the start, price, signed lots."""
    rows = [row for row in tables.trades if tables.orders[row["order"]]["reason"] in ("liquidation", "settlement")]
    return [((row["time_exchange"] - START) / UNIT, row["price"], row["side"] * row["quantity"]) for row in rows]


def held_from(side: int, prices: tuple[float, ...], *flows: Row, **terms: Any) -> Tables:
    """Two that are bought or sold at 100, then trades, one each second from 2 on."""
    given: dict[str, Any] = {"usd": "110", "item": SWAP} | terms
    return agreed({"trades": moves(100, 100, *prices)}, [market(0.5, 2 * side)], *flows, **given)


# When: worth below maintenance, at the venue's marks


@pytest.mark.parametrize(
    ("side", "price", "closes", "left"),
    [(1, 60, False, 110), (1, 59, True, 28), (-1, 124, False, 110), (-1, 125, True, 60)],
)
def test_what_is_worth_less_than_it_must_keep_is_closed_at_the_mark(
    side: int, price: int, closes: bool, left: int
) -> None:
    """At 59 and 125, which lose 82 and 50; not where it is worth just that."""
    tables = held_from(side, (price, 100))
    assert closings(tables) == ([(2, price, -2 * side)] if closes else [])
    assert balances(tables)[-1][1] == left


def test_the_order_that_the_venue_has_made() -> None:
    """Told as a fill is, which are three events for a derivative; never sent, it has its number when it is heard of."""
    tables = held_from(1, (59, 59), response_ns=UNIT)
    assert tables.orders[1] == {
        "instrument": 0,
        "side": -1,
        "kind": "market",
        "price": 0,
        "tif": "ioc",
        "post_only": False,
        "trigger_kind": "",
        "trigger": 0,
        "trail": 0,
        "trail_rate": 0,
        "activation": 0,
        "activation_by": 0,
        "reduce_only": True,
        "parent": -1,
        "follows": False,
        "group": -1,
        "good_till": None,
        "good_after": None,
        "candle_fill": "",
        "trigger_by": "",
        "quantity": 2,
        "quantity_requested": 2,
        "filled": 2,
        "notional": 118 * UNIT,
        "fees": 0,
        "status": "filled",
        "reason": "liquidation",
        "time_sent": None,
        "time_exchange": t(2),
        "time_triggered": None,
        "time_closed": t(3),
    }
    assert [row["realised"] for row in tables.positions] == [-82 * UNIT]
    assert (tables.positions[0]["time_exit"], tables.positions[0]["trade_exit"]) == (t(2), 1)
    # event 0, four trades, the row, its acknowledgement, two fills of three
    assert tables.sequence == 1 + 4 + 1 + 1 + 3 + 3


@pytest.mark.parametrize(("price", "closes"), [(60, False), (59, True)])
def test_maintenance_per_contract(price: int, closes: bool) -> None:
    """15 for each, whatever the price."""
    tables = held_from(1, (price,), item=replace(SWAP, maintenance="0", maintenance_per_contract="15"))
    assert bool(closings(tables)) == closes


@pytest.mark.parametrize(("price", "closed"), [(45, []), (44, [(2, 44, -2)])])
def test_nothing_must_be_kept_unless_it_is_said(price: int, closed: Any) -> None:
    """At 45 nothing is left, at 44 two are missing, which an insurance pays."""
    tables = held_from(1, (price,), item=replace(SWAP, maintenance="0"))
    assert closings(tables) == closed
    assert paid(tables) == ([(2, 2)] if closed else [])


@pytest.mark.parametrize(
    ("side", "kept", "beyond", "price", "left"),
    [
        (1, (58, 62), (57, 61), 57, 24),  # bought at 101: mids of 60 and 59
        (-1, (122, 126), (123, 127), 127, 56),  # sold at 99: mids of 124 and 125
    ],
)
def test_the_standing_quote_takes_it(
    side: int, kept: tuple[int, int], beyond: tuple[int, int], price: int, left: int
) -> None:
    """A long one at the bid, a short one at the ask, whatever the amount there."""
    books = [(99, 101), (99, 101), kept, beyond, (99, 101)]
    rows = [quote(time, bid, 1, ask, 1) for time, (bid, ask) in enumerate(books)]
    rows[0] = quote(0, 99, 9, 101, 9)
    tables = agreed({"quotes": rows}, [market(0.5, 2 * side)], usd="112", item=SWAP)
    assert closings(tables) == [(3, price, -2 * side)]
    assert balances(tables)[-1][1] == left


@pytest.mark.parametrize("book", [(0, 0, 61, 9), (60, 9, 60, 9)])
def test_without_a_whole_quote_it_is_closed_at_the_mark(book: tuple[float, float, float, float]) -> None:
    """One side is not there, or the book is locked: the trade at 59 is the mark."""
    streams = {"quotes": [quote(0, 99, 9, 101, 9), quote(2, *book)], "trades": [trade(1, 100, 9), trade(3, 59, 9)]}
    tables = agreed(streams, [market(0.5, 2)], usd="112", item=SWAP)
    assert closings(tables) == [(3, 59, -2)]


@pytest.mark.parametrize(("close", "closed"), [(60, []), (59, [(20, 59, -2)])])
def test_a_close_is_a_mark_and_the_range_before_a_position_is_not_shown(close: float, closed: Any) -> None:
    """Bought at 12 in a candle that opened at 10 and went down to 10."""
    streams = {"candles": [candle(10, (100, 100, 10, close))], "trades": [trade(0, 100, 9), trade(12, 100, 9)]}
    tables = agreed(streams, [market(11, 2)], usd="110", item=SWAP, triggers_on="candles")
    assert closings(tables) == closed


# Inside a candle


@pytest.mark.parametrize(
    ("side", "second", "price"),
    [
        (1, (100, 105, 50, 100), 59),  # the first on the way down at which it is
        (1, (100, 105, 59, 100), 59),
        (1, (100, 105, 60, 100), None),
        (1, (55, 105, 50, 100), 55),  # the open is there
        (-1, (100, 130, 95, 100), 125),
        (-1, (128, 130, 95, 100), 128),
        (-1, (100, 124, 10, 100), None),
        (1, (100, 900, 60, 100), None),  # the extreme against it, not the other
    ],
)
@pytest.mark.parametrize("entry", [0, 5])
def test_inside_a_candle_it_is_closed_at_the_price_found(
    side: int, second: tuple[float, float, float, float], price: int | None, entry: float
) -> None:
    """Entered at 100, at the open of 0 or the close of 10: at or before the open of the second candle."""
    rows = [candle(0, (100, 105, 95, 100)), candle(10, second), candle(20, (100,) * 4)]
    tables = agreed({"candles": rows}, [market(entry, 2 * side)], usd="110", item=SWAP)
    assert closings(tables) == ([] if price is None else [(20, price, -2 * side)])
    assert fills(tables)[0] == (2 * entry, 100, 2, "taker")


def test_a_candle_s_own_open_is_before_its_range() -> None:
    rows = [candle(0, (100, 105, 95, 100)), candle(10, (100, 105, 50, 100))]
    tables = agreed({"candles": rows}, [market(10, 2)], usd="110", item=SWAP)
    assert fills(tables) == [(10, 100, 2, "taker"), (20, 59, 2, "taker")]


def test_other_evidence_for_triggers_shows_no_range() -> None:
    """Trades trigger; the close is a mark."""
    streams = {"candles": [candle(0, (100,) * 4), candle(10, (100, 105, 50, 60))], "trades": [trade(0, 100, 9)]}
    streams["trades"].append(trade(1, 100, 9))
    assert closings(agreed(streams, [market(0.5, 2)], usd="110", item=SWAP)) == []


@pytest.mark.parametrize(
    ("lots", "low", "expected"),
    [
        (2, 50, [(20, 70, 2, "taker")]),
        (1, 27, [(20, 70, 1, "taker")]),
        (1, 25, [(20, 70, 1, "taker"), (20, 26, 1, "taker")]),  # 80 + p - 100 below p / 4
    ],
)
def test_what_fills_in_a_candle_fills_before(lots: int, low: float, expected: Any) -> None:
    """A stop at 70; of what it leaves the range still counts, for only a fill that enlarges ends that."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 100, low, 100)), candle(20, (100,) * 4)]
    tables = agreed({"candles": rows}, [market(0, 2), held(1, -lots, stop=70)], usd="110", item=SWAP)
    assert fills(tables)[1:] == expected


def test_a_position_that_grew_inside_a_candle_is_not_shown_its_range() -> None:
    """One more at 80, of an account of 170: worth 130 behind it, and 120 are required; the low of 50 would close it.

    The next candle shows: 170 + 2 (p - 100) + (p - 80) is below 3 p / 4 at 48, by 34 to 36; at 49 it is 37 to 36.75.
    """
    rows = [candle(0, (100,) * 4), candle(10, (100, 100, 40, 90)), candle(20, (90, 90, 40, 90))]
    tables = agreed({"candles": rows}, [market(0, 2), limit(1, 1, 80)], usd="170", item=SWAP)
    assert fills(tables)[1:] == [(20, 80, 1, "maker"), (30, 48, 3, "taker")]


# Cross margin


def test_all_positions_of_an_asset_stand_together() -> None:
    """Long one and short one from 100, of 100. At 60 and 115 worth 45, which must keep 15 + 28.75; at 117 43 to 44.25.

    Both are closed, by instrument index.
    """
    names = ("btc_usd", 100), ("eth_usd", 100), ("btc_usd", 60), ("eth_usd", 115), ("eth_usd", 117), ("btc_usd", 99)
    rows = [trade(number, price, 9, name) for number, (name, price) in enumerate(names, 1)]
    rows = [trade(0, 100, 9), trade(0, 100, 9, "eth_usd"), *rows]
    orders = [market(0.5, 1), market(0.5, -1, name="eth_usd")]
    tables = agreed({"trades": rows}, orders, usd="100", item=(SWAP, OTHER))
    assert closings(tables) == [(5, 60, -1), (5, 117, 1)]
    assert [order["instrument"] for order in tables.orders] == [0, 1, 0, 1]
    assert balances(tables)[-1] == (5, 43, 43)


def test_only_one_is_closed_at_the_price_that_a_range_has_reached() -> None:
    """Long one of each from 100, of 100. With the other at 80: 100 + (p - 100) - 20 is below p / 4 + 20 at 53.

    The other at its bid: 33 and 22 are lost with them, 47 and then 25 are left.
    """
    streams: dict[Any, list[Row]] = {
        "candles": [candle(0, (100,) * 4), candle(10, (100, 100, 10, 100))],
        "quotes": [quote(0, 99, 9, 100, 9, "eth_usd"), quote(5, 78, 9, 82, 9, "eth_usd")],
    }
    terms: dict[str, Any] = {"item": (SWAP, OTHER), "usd": "100"}
    tables = agreed(streams, [market(0, 1), market(0, 1, name="eth_usd")], **terms)
    assert closings(tables) == [(20, 53, -1), (20, 78, -1)]
    assert [total for _, total, _ in balances(tables)][-2:] == [53, 31]


@pytest.mark.parametrize(
    ("side", "btc", "kept", "beyond", "left"),
    [
        (1, "3", 50, 49, "0.918367346939"),  # 3 + 2 - 200 / p to 50 / p: 1 to 1 at 50
        (-1, "0.8", 125, 126, "0.387301587302"),  # 0.8 - 2 + 200 / p: 0.4 to 0.4 at 125
    ],
)
@pytest.mark.parametrize("kind", ["trades", "candles"])
def test_inverse_contracts(side: int, btc: str, kept: float, beyond: float, left: str, kind: str) -> None:
    """200 contracts of one usd, 2 btc at 100; also where the price is found in the range of a candle."""
    rows = [trade(time, price, 999) for time, price in enumerate((100, 100, kept, beyond, 100))]
    if kind == "candles":
        high, low = (100, beyond - 5) if side > 0 else (beyond + 5, 100)
        rows = [candle(0, (100,) * 4), candle(10, (100, high, low, 100))]
    terms: dict[str, Any] = {"item": INVERSE, "usd": "0", "btc": btc, "reporting": "btc"}
    tables = agreed({kind: rows}, [market(0, side * 200)], **terms)
    assert closings(tables) == [(20 if kind == "candles" else 3, beyond, -side * 200)]
    assert f"{float(tables.balances[-1]['total'] * tables.units[0]):.12f}" == left


# What is done


def test_the_orders_of_all_that_is_margined_in_the_asset_are_cancelled() -> None:
    """Also of an instrument without a position, held ones and what waits for an entry; not those of spot.

    Of 160 a limit of spot reserves 50, which is worth as much: 160 + 2 (p - 100) is below p / 2 at 26, by 12 to 13.
    """
    spot, items = replace(BTC, name="ltc_usd", base="ltc"), (SWAP, OTHER)
    rows = [trade(0, 100, 9), trade(0, 100, 9, "eth_usd"), trade(0, 100, 9, "ltc_usd")]
    rows += [trade(time, price, 9) for time, price in enumerate((100, 27, 26, 100), 1)]
    schedule = [
        ("open", t(0), "ltc_usd", 1, 50, "gtc", False),
        market(0.5, 2),
        limit(1, 1, 10),
        held(1, 1, stop=200),
        held(1, 1, 5, stop_loss=3),
        ("open", t(1), "eth_usd", 1, 10, "gtc", False),
    ]
    tables = agreed({"trades": rows}, schedule, usd="160", item=(*items, spot))
    assert ends(tables) == [
        ("open", ""),
        FILLED,
        CANCELLED,
        CANCELLED,
        CANCELLED,
        ("cancelled", "parent_ended"),
        CANCELLED,
        LIQUIDATED,
    ]
    assert balances(tables)[-1] == (3, 12, -38)
    # event 0, seven trades, six rows, seven acknowledgements, a reservation, two fills of three, five cancels
    assert tables.sequence == 1 + 7 + 6 + 7 + 1 + 6 + 5


def test_the_fee_is_a_taker_s_as_one_order_and_the_liquidation_s() -> None:
    """Bought for 2 + 1, of 113. At 59 1.18 + 1 of 118, and 2.36: 4.54 of 28; what is realised has both fees."""
    item = replace(SWAP, taker="0.01", per_order="1", liquidation_fee="0.02")
    tables = held_from(1, (60, 59), item=item, usd="113")
    assert [row["fees"] / UNIT for row in tables.trades] == [3, 4.54]
    assert tables.trades[1]["liquidity"] == "taker"
    assert balances(tables)[-1][:2] == (3, 23.46)
    assert [row["realised"] / UNIT for row in tables.positions] == [-82 - 3 - 4.54]


def test_neither_slippage_nor_participation_touches_it() -> None:
    """Two of nine may be bought, five beyond 100, of 120; the trade of one at 59 gives nothing and closes both."""
    rows = [trade(0, 100, 9), trade(1, 100, 9), trade(2, 60, 1), trade(3, 59, 1)]
    item = replace(SWAP, slippage_ticks=5)
    tables = agreed({"trades": rows}, [market(0.5, 2)], item=item, usd="120", participation="0.25")
    assert fills(tables) == [(1, 105, 2, "taker"), (3, 59, 2, "taker")]


def test_an_insurance_pays_what_is_missing() -> None:
    """A fall to 40 loses 120 of 110: told as a balance event behind the fill."""
    tables = held_from(1, (40, 40), response_ns=UNIT)
    assert balances(tables)[2:] == [(2, -10, -10), (2, 0, 0)]
    assert [
        tables.payments[0][name] for name in ("time_exchange", "time_engine", "instrument", "amount", "reason")
    ] == [
        t(2),
        t(3),
        None,
        10 * UNIT,
        "insurance",
    ]
    assert tables.equity[-1]["equity"] == 0


# What causes it


@pytest.mark.parametrize(
    ("flow", "closed"),
    [
        (("funding", t(2.5), "btc_usd", 0.1), []),  # 14 of 50 at 70: 36 to 35
        (("funding", t(2.5), "btc_usd", 0.11), [(2.5, 70, -2)]),  # 15.4
        (("cash", t(2.5), "alpha", "usd", -15.0, "rent"), []),
        (("cash", t(2.5), "alpha", "usd", -15.1, "rent"), [(2.5, 70, -2)]),
        (("funding", t(2), "btc_usd", 0.11), [(2, 70, -2)]),  # of a time with a trade, behind it
    ],
)
def test_a_cash_flow_may_cause_it(flow: Row, closed: Any) -> None:
    assert closings(held_from(1, (70, 100), flow)) == closed


def test_what_one_time_pays_and_gets_is_seen_together() -> None:
    """A fall to 59 and 2 that are paid in at that time; 59.5 are kept of 60."""
    flow = ("cash", t(2), "alpha", "usd", 2.0, "gift")
    assert closings(held_from(1, (59, 100), flow)) == []


def test_a_fee_may_cause_it() -> None:
    """33 by order: of 143 the entry leaves 110. One sold at 70 loses 30 and 33: worth 17 with 47 left, 17.5 are kept.

    The other is closed at that time, for 33: 16 are missing.
    """
    tables = agreed(
        {"trades": moves(100, 100, 70, 70, 100)},
        [market(0.5, 2), market(2.5, -1)],
        usd="143",
        item=replace(SWAP, per_order="33"),
    )
    assert fills(tables)[1:] == [(3, 70, 1, "taker")] * 2
    assert ends(tables) == [FILLED, FILLED, LIQUIDATED]
    assert paid(tables) == [(3, 16)]


def test_an_own_fill_is_the_mark() -> None:
    """Bought at 101 of 112; one sold at the bid of 50 marks the other, which is worth 10 and must keep 12.5.

    At the request's time, with no event of the market.
    """
    rows = [quote(0, 99, 9, 101, 9), quote(2, 50, 9, 90, 9), quote(5, 99, 9, 101, 9)]
    tables = agreed({"quotes": rows}, [market(0.5, 2), market(2, -1), market(2.5, -1)], usd="112", item=SWAP)
    assert closings(tables) == [(2, 50, -1)]
    assert ends(tables) == [FILLED, FILLED, LIQUIDATED, ("rejected", "insufficient_balance")]


def test_an_open_closes_what_its_fill_has_marked() -> None:
    """One of two sold at the open of 50: 60 left, worth 10, and 12.5 must be kept."""
    rows = [candle(0, (100,) * 4), candle(10, (50, 100, 50, 100))]
    tables = agreed({"candles": rows}, [market(0, 2), market(10, -1)], usd="110", item=SWAP)
    assert fills(tables)[1:] == [(10, 50, 1, "taker")] * 2
    assert closings(tables) == [(10, 50, -1)]


def test_an_open_alone_is_no_mark() -> None:
    """Of 40 at 10; the close of 100 is, and at 20 the range counts from the open on."""
    rows = [candle(0, (100,) * 4), candle(10, (40, 100, 40, 100))]
    assert closings(agreed({"candles": rows}, [market(0, 2)], usd="110", item=SWAP)) == [(20, 40, -2)]


# Spot in a margin account


@pytest.mark.parametrize(
    ("side", "kept", "beyond", "left"),
    [(1, 60, 59, 28), (-1, 124, 125, 60)],
)
def test_spot_in_a_margin_account(side: int, kept: float, beyond: float, left: int) -> None:
    """Bought for 200 of 110: worth -90 + 2 p; sold: 310 - 2 p. The coins are sold or bought back."""
    tables = held_from(side, (kept, beyond), item=SPOT, account="margin")
    assert closings(tables) == [(3, beyond, -2 * side)]
    assert balances(tables)[-1] == (3, left, left)
    assert balances(tables, "btc")[-1] == (3, 0, 0)
    assert tables.sequence == 1 + 4 + 1 + 1 + 4 + 4  # told as a fill of spot is


def test_spot_in_a_cash_account_is_not_margined() -> None:
    assert closings(held_from(1, (1,), item=SPOT, usd="200")) == []


CONTRACT = replace(INVERSE, name="btc_usd_perp")  # that spot is bought beside it, in a margin account
BOTH: dict[str, Any] = {"item": (SPOT, CONTRACT), "usd": "110", "account": "margin"}


def on_both(*prices: float) -> list[Row]:
    """Trades of spot at 100, and of the contract, one each second."""
    rows = [trade(0, 100, 999), trade(1, 100, 999)]
    rows += [trade(time, price, 999, CONTRACT.name) for time, price in enumerate((100, 100, *prices))]
    return sorted(rows, key=lambda row: row[0])


@pytest.mark.parametrize(("side", "btc", "end"), [(1, "0.5", FILLED), (1, "0.49", POOR), (-1, "0.5", FILLED)])
def test_what_margined_spot_holds_is_no_collateral_of_its_base(side: int, btc: str, end: tuple[str, str]) -> None:
    """200 contracts need a quarter of two coins, of those that two bought or sold as spot leave out."""
    tables = agreed({"trades": on_both()}, [market(0, 2 * side), market(0, 200, name=CONTRACT.name)], btc=btc, **BOTH)
    assert ends(tables) == [FILLED, end]


@pytest.mark.parametrize(
    ("prices", "closed", "left", "missing"),
    [
        ((90, 100), [], 3, []),
        ((84, 83, 100), [(3, 83, -200)], 2.590361445783, []),
        ((60, 100), [(2, 60, -200)], 2, [(2, 0.333333333333)]),
    ],
)
def test_nor_is_it_worth(prices: Any, closed: Any, left: float, missing: Any) -> None:
    """Of one coin, with two that spot holds: 1 + 2 - 200 / p is below 50 / p at 83.

    There 200 / 83 - 2 are lost of the three that lie there; at 60 1.33, and what is missing of the two is paid.
    """
    schedule = [market(0, 2), market(0, 200, name=CONTRACT.name)]
    tables = agreed({"trades": on_both(*prices)}, schedule, btc="1", **BOTH)
    assert (closings(tables), paid(tables)) == (closed, missing)
    assert balances(tables, "btc")[-1][1] == left


# Latency: the engine does not know yet


def test_what_arrives_later_is_treated_as_ever() -> None:
    """Closed at 2, told at 5. Sent at 3 it arrives at 4: what may only reduce is rejected, a sale of one opens a short.

    One at 50 needs 25 of the 28 that are left. The closing gets its number behind what was sent before it was heard of.
    """
    tables = agreed(
        {"trades": [trade(0, 100, 9), trade(1.5, 100, 9), trade(2, 59, 9), trade(4.5, 50, 9), trade(9, 50, 9)]},
        [market(0, 2), limit(0, 1, 10), cancel(3, 1), market(3, -1), held(3, -2, reduce_only=True)],
        usd="110",
        item=SWAP,
        request_ns=UNIT,
        response_ns=3 * UNIT,
    )
    assert ends(tables) == [FILLED, CANCELLED, FILLED, ("rejected", "reduce_only"), LIQUIDATED]
    assert [(row["order"], row["time_exchange"], row["time_engine"]) for row in tables.trades] == [
        (0, t(1.5), t(4.5)),
        (4, t(2), t(5)),
        (2, t(4.5), t(7.5)),
    ]
    assert [row["position_id"] for row in tables.trades] == [0, 0, 1]


# Rule 46: settlement at expiry


@pytest.mark.parametrize(
    ("side", "terms", "price"),
    [
        (1, {}, 120),
        (-1, {}, 120),
        (1, {"settlement_price": "115"}, 115),
        (-1, {"settlement_price": "1"}, 1),
    ],
)
def test_a_future_is_settled_at_its_expiry(side: int, terms: Any, price: int) -> None:
    """Behind the market of that time, and its orders, at the mark or at the price given; later trades do not count.

    Without a fee: only the entry has paid one of 20 of 200.
    """
    rows = [*moves(100, 100, 110, 120, 50), trade(5, 50, 9, "eth_usd")]
    item = replace(LATER, taker="0.1", per_order="3", liquidation_fee="0.1", **terms)
    tables = agreed({"trades": rows}, [market(0.5, 2 * side), limit(0.5, side, 100 - 40 * side)], item=(item, ETH))
    assert ends(tables)[0] == FILLED
    assert ends(tables)[2:] == [SETTLED]
    order = tables.orders[2]
    assert (order["time_sent"], order["time_exchange"], order["reduce_only"]) == (None, t(3), True)
    assert closings(tables) == [(3, price, -2 * side)]
    assert (tables.trades[-1]["fees"], tables.trades[-1]["liquidity"]) == (0, "taker")
    assert balances(tables)[-1][1] == 1000 - 23 + side * 2 * (price - 100)


def test_it_is_settled_at_the_mark_not_at_a_side_of_the_quote() -> None:
    """And what the market of that very time has filled is, too: one more at 90."""
    rows = [quote(0, 99, 9, 101, 9), quote(3, 84, 9, 90, 9), quote(5, 99, 9, 101, 9)]
    tables = agreed({"quotes": rows}, [market(0.5, 1), limit(1, 1, 90), limit(1, 1, 80)], item=LATER)
    assert ends(tables) == [FILLED, FILLED, ("cancelled", "expired"), SETTLED]
    assert closings(tables) == [(3, 90, -2)]  # its own fill at 90 came behind the mid of 87
    tables = agreed({"quotes": rows}, [market(0.5, 1)], item=LATER)
    assert closings(tables) == [(3, 87, -1)]


@pytest.mark.parametrize(
    ("other", "expiry", "totals", "missing"),
    [
        (0, None, [-200, 0], [(3, 200)]),  # nothing is margined any more
        (1, None, [-200], []),  # worth 100 with what the other has gained
        (1, t(3), [-200, 100], []),  # which is settled right behind it
        (-1, t(3), [-200, -500, 0], [(3, 500)]),  # then, once
    ],
)
def test_an_insurance_pays_for_the_settlement_of_the_last(other: int, expiry: Any, totals: Any, missing: Any) -> None:
    """One of 1,900 settled 1,200 lower, of 1,000; the other from 100, settled or marked 300 higher."""
    items = replace(LATER, settlement_price="700"), replace(FUTURE, name="eth_usd", base="eth", expiry=expiry)
    rows = [trade(0, 1900, 9), trade(0, 100, 9, "eth_usd"), trade(1, 1900, 9), trade(1, 100, 9, "eth_usd")]
    rows += [trade(3, 400, 9, "eth_usd"), trade(4, 400, 9, "eth_usd")]
    schedule = [market(0.5, 1), *([market(0.5, other, name="eth_usd")] if other else [])]
    tables = agreed({"trades": rows}, schedule, item=items, reporting="usd")
    assert closings(tables)[0] == (3, 700, -1)
    assert [total for time, total, _ in balances(tables) if time == 3] == totals
    assert paid(tables) == missing


def test_a_settlement_may_cause_a_liquidation() -> None:
    """Long one future and one perpetual from 100, of 100: settled at 30 it leaves 30, and 25 must be kept: not yet.

    Settled at 24 it leaves 24.
    """
    for price, closed in (("30", [(3, 30, -1)]), ("24", [(3, 24, -1), (3, 100, -1)])):
        rows = [trade(time, 100, 9, name) for time in range(5) for name in ("btc_usd", "eth_usd")]
        item = replace(LATER, settlement_price=price)
        orders = [market(0.5, 1), market(0.5, 1, name="eth_usd")]
        tables = agreed({"trades": rows}, orders, item=(item, OTHER), usd="100")
        assert closings(tables) == closed


def test_the_engine_hears_of_the_settlement_later() -> None:
    """What it sends meanwhile is rejected, as it has expired."""
    tables = agreed(
        {"trades": [*moves(100, 100, 100, 100), trade(9, 100, 9, "eth_usd")]},
        [market(0.5, 2), market(4, -2)],
        item=(LATER, ETH),
        response_ns=2 * UNIT,
    )
    assert ends(tables) == [FILLED, ("rejected", "expired"), SETTLED]
    assert tables.orders[2]["time_closed"] == t(5)
