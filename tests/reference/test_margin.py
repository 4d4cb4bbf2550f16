"""Rules 70 to 75 by hand, on both engines: where they meet each other, and rules 19, 24, 41, 43 and 46.

Mostly two are held from 100, with a margin of a half and a maintenance of a quarter. Alone, with 100 set aside, they
are worth 2 p - 100 at p and must keep p / 2, of which the one is below the other from 66 on. With tiers, four are held:
up to 200 a rate of 0.02 and a maintenance of 0.01, beyond that both are 0.1, and the maintenance amount is 18.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .test_liquidation import closings
from .tiny import (
    BTC,
    FUTURE,
    PERP,
    UNIT,
    agreed,
    balances,
    candle,
    each_filled,
    ends,
    limit,
    market,
    moves,
    paid,
    quote,
    t,
    trade,
)

SWAP = replace(PERP, name="btc_usd", maintenance="0.25")
ALONE = replace(SWAP, isolated=True)
OTHER = replace(SWAP, name="eth_usd", base="eth")
SPOT = replace(BTC, margin="0.5", maintenance="0.25")
TIERS = (("200", "0.02", "0.01"), (None, "0.1", "0.1"))
TIERED = replace(SWAP, margin="0.1", maintenance=None, tiers=TIERS, by_tier=True)


def market_of(*prices: float, name: str = "btc_usd") -> list[Row]:
    return [trade(second, price, 9, name) for second, price in enumerate(prices)]


# Rule 70


def test_a_flip_gives_back_all_and_sets_the_rest_aside() -> None:
    """Two of 100; three sold at 110 realise 20, and one is left, short; funding takes more than the 55 that it has."""
    funding = ("funding", t(3), "btc_usd", -0.75)
    tables = agreed(
        {"trades": moves(100, 100, 110, 110, 110)}, [market(0.5, 2), market(1.5, -3)], funding, usd="200", item=ALONE
    )
    assert balances(tables)[1:] == [(1, 200, 100), (2, 220, 165), (3, 137.5, 137.5), (3, 137.5, 137.5)]
    assert (closings(tables), paid(tables)) == ([(3, 110, 1)], [(3, -82.5)])


@pytest.mark.parametrize(("opening", "price", "insured"), [(100, 66, 0), (40, 40, 20)])
def test_a_candle_closes_it_alone(opening: float, price: int, insured: float) -> None:
    """At the first price or the open; what is missing to what was set aside is paid, what is beside it stays."""
    rows = [
        candle(0, (100,) * 4),
        candle(0, (100,) * 4, "eth_usd"),
        candle(10, (opening, 105, 30, 100)),
        candle(10, (100,) * 4, "eth_usd"),
        candle(20, (100,) * 4),
    ]
    schedule = [
        market(0, 2),
        market(0, 1, name="eth_usd"),
        limit(11, 1, 10),
        ("open", t(11), "eth_usd", 1, 10, "gtc", False),
    ]
    tables = agreed({"candles": rows}, schedule, usd="150", item=(ALONE, OTHER))
    assert closings(tables) == [(20, price, -2)]
    assert paid(tables) == ([(20, insured)] if insured else [])
    assert balances(tables)[-1][1] == 150 - 2 * (100 - price) + insured
    assert ends(tables)[2:4] == [("cancelled", "liquidation"), ("open", "")]


def test_an_asset_s_liquidation_leaves_it() -> None:
    """Of 150 are 100 set aside: 50 less 60 are owed. It has an order, which stays."""
    rows = sorted(market_of(100, 100, 100, 100) + market_of(100, 100, 40, 40, name="eth_usd"), key=lambda row: row[0])
    schedule = [market(0.5, 2), market(0.5, 1, name="eth_usd"), limit(1.5, 1, 10)]
    tables = agreed({"trades": rows}, schedule, usd="150", item=(ALONE, OTHER))
    assert closings(tables) == [(2, 40, -1)]
    assert paid(tables) == [(2, 10)]
    assert balances(tables)[-1] == (2, 100, 0)
    assert ends(tables)[2] == ("open", "")


def test_what_an_expiry_loses_beyond_what_is_set_aside() -> None:
    """Settled at 40: 100 less 120, whatever there is beside."""
    item = replace(FUTURE, isolated=True, expiry=t(3), settlement_price="40")
    tables = agreed({"trades": moves(100, 100, 100, 100, 100)}, [market(0.5, 2)], usd="500", item=item)
    assert closings(tables) == [(3, 40, -2)]
    assert (paid(tables), balances(tables)[-1]) == ([(3, 20)], (3, 400, 400))


# Rules 71 and 72


def test_what_is_left_of_a_step_is_held_against_the_rest_of_the_range() -> None:
    """Four of 60: worth 16 at 89, where they must keep 17.6; then two, of 38, which are worth nothing at 81."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 105, 80, 100)), candle(20, (100,) * 4)]
    tables = agreed({"candles": rows}, [market(0, 4)], usd="60", item=TIERED)
    assert closings(tables) == [(20, 89, -2), (20, 81, -2)]
    assert (paid(tables), balances(tables)[-1][1]) == ([], 0)
    whole = agreed({"candles": rows}, [market(0, 4)], usd="60", item=replace(TIERED, by_tier=False))
    assert closings(whole) == [(20, 89, -4)]


def test_each_step_of_an_isolated_position_has_its_own_insurance() -> None:
    """At 85 two give back 20 and lose 30, and so do the two that are left, whose 20 are not enough either."""
    tables = agreed(
        {"trades": moves(100, 100, 85, 85)}, [market(0.5, 4)], usd="40", item=replace(TIERED, isolated=True)
    )
    assert closings(tables) == [(2, 85, -2), (2, 85, -2)]
    assert (paid(tables), balances(tables)[-1]) == ([(2, 10), (2, 10)], (2, 0, 0))


# Rule 73


@pytest.mark.parametrize(
    ("mark", "closed"), [("weighted_mid", []), ("mid", []), ("last", [(2, 57, -2)]), ("closing", [(2, 57, -2)])]
)
def test_the_choice_of_the_mark_decides_of_a_liquidation(mark: str, closed: Any) -> None:
    """Bought at 101 of 112: worth 30 at 60, where they must keep 30, and 28 at 59; the last trade was at 59."""
    quotes = [quote(0, 99, 9, 101, 9), quote(1, 99, 9, 101, 9), quote(2, 57, 9, 63, 9), quote(3, 57, 9, 63, 9)]
    tables = agreed({"quotes": quotes, "trades": [trade(2, 59, 9)]}, [market(0.5, 2)], usd="112", item=SWAP, mark=mark)
    assert closings(tables) == closed


# Rule 74


def test_a_rate_counts_from_its_time_on() -> None:
    """A thousand usd, and a hundred jpy that are not known before the first of the rates."""
    items = (BTC, replace(BTC, name="eth_jpy", base="eth", quote="jpy"))
    tables = agreed(
        {"trades": moves(100, 100, 100, 100)},
        [],
        jpy="100",
        item=items,
        rates=(("usd", "jpy", ((t(1), "100"), (t(2.5), "50"))),),
        mark_every_ns=UNIT,
    )
    worth = [row["equity"] and row["equity"] / UNIT for row in tables.equity]
    assert worth == [None, 1001, 1001, 1002]


# Rule 75


@pytest.mark.parametrize(("price", "insured"), [(40, []), (39, [(2, 1)])])
def test_what_other_assets_cover_stays_owed(price: float, insured: Any) -> None:
    """A coin of 100 counts as 50: with 10 it carries one of 100, of which 60 are lost."""
    items = (BTC, replace(PERP, name="btc_perp", maintenance="0.25"))
    perp = market_of(100, 100, price, price, name="btc_perp")
    rows = sorted(market_of(100, 100, 100, 100) + perp, key=lambda row: row[0])
    terms: dict[str, Any] = {"usd": "10", "btc": "1", "item": items, "collateral": (("btc", "0.5"),)}
    tables = agreed({"trades": rows}, [market(0.5, 1, name="btc_perp")], **terms)
    assert closings(tables) == [(2, price, -1)]
    assert (paid(tables), balances(tables)[-1][1]) == (insured, -50)


@pytest.mark.parametrize(("lots", "filled"), [(2, {0: 2}), (3, {})])
def test_a_fill_marks_what_counts_beside_it(lots: int, filled: Any) -> None:
    """Bought at the open, at 60, after a close at 100: the coin beside it counts as 60, which two need."""
    rows = [candle(0, (100,) * 4), candle(10, (60,) * 4), candle(20, (60,) * 4)]
    terms: dict[str, Any] = {"usd": "0", "btc": "1", "item": SPOT, "account": "margin", "collateral": (("btc", "0"),)}
    assert each_filled(agreed({"candles": rows}, [market(10, lots)], **terms)) == filled


@pytest.mark.parametrize(("close", "closed"), [(100, []), (20, [(20, 26, -1)])])
def test_a_range_moves_the_position_and_not_what_counts_beside_it(close: float, closed: Any) -> None:
    """One bought at 100 of 60 is worth 26 - 40 at 26; the coin beside it counts as what the close says, 100 or 20."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 100, 20, close)), candle(20, (close,) * 4)]
    terms: dict[str, Any] = {"usd": "60", "btc": "1", "item": SPOT, "account": "margin", "collateral": (("btc", "0"),)}
    assert closings(agreed({"candles": rows}, [market(0, 1)], **terms)) == closed
