"""Settlement prices by time (rule 80): those of a table are those that an instrument declares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError
from tests.engine.tiny import FUTURE, A, S, run, schedule, stamps, table, trades

ENDS = replace(FUTURE, expiry=5 * S)
DATA = trades((1, 100, 9), (3, 104, 9), (9, 90, 9), instrument="f_usd")
BUY = schedule({"at": 0.5, "buy": 1, "on": "f_usd"})
TERMS: dict[str, Any] = {"venues": bt.Venue(margin=bt.Margin(0.5))}


def prices(*rows: tuple[float, float], name: str = "f_usd") -> bt.data.CashFlows:
    """At these times, such a price."""
    times, each = zip(*rows, strict=True)
    frame = {"time": stamps(times), "instrument": [name] * len(rows), "price": [float(one) for one in each]}
    return bt.data.settlement_prices(pl.DataFrame(frame))


@pytest.mark.parametrize("rows", [((5, 97),), ((1, 99), (3, 98), (5, 97)), ((4, 97),)])
@pytest.mark.parametrize("name", ["f_usd", "x.f_usd"])
def test_rule_80_the_last_until_the_expiry_counts(rows, name):
    """Not the last trade; the same run as with the price that the instrument declares."""
    result = run(DATA, BUY, ENDS, cash_flows=prices(*rows, name=name), **TERMS)
    assert table(result.trades, "time_exchange", "price") == [(3, 104), (5, 97)]
    assert result.digest == run(DATA, BUY, replace(ENDS, settlement_price=97), **TERMS).digest
    assert result.terms["settlement_price"].to_list() == [97.0]
    assert not result.cash_flows.height


@pytest.mark.parametrize(
    ("instrument", "flows", "said"),
    [
        (ENDS, prices((6, 97)), "lies after its expiry"),
        (FUTURE, prices((5, 97)), "'x.f_usd', which has no expiry"),
        (replace(ENDS, settlement_price=97), prices((5, 97)), "whose settlement_price is 97, too"),
        (ENDS, prices((5, 97), name="g_usd"), "'g_usd', which is no instrument of the run"),
        (ENDS, [prices((4, 97)), prices((5, 97))], "all of an instrument in one frame"),
        (ENDS, prices((5, 97.5)), "settlement_price of 'x.f_usd'"),
    ],
)
def test_rule_80_what_cannot_be_is_told(instrument, flows, said):
    with pytest.raises(BarterBtError) as raised:
        run(DATA, BUY, instrument, cash_flows=flows, **TERMS)
    assert said in str(raised.value)


def test_rule_80_a_name_must_be_of_one_instrument():
    twice = [ENDS, replace(ENDS, exchange="y"), A]
    with pytest.raises(BarterBtError, match="which several exchanges have"):
        run(DATA, BUY, twice, cash_flows=prices((5, 97)), **TERMS)


def test_rule_80_a_price_is_below_0_where_the_instrument_declares_it():
    with pytest.raises(BarterBtError, match="price_can_be_negative"):
        run(DATA, BUY, ENDS, cash_flows=prices((5, -1)), **TERMS)
