"""Rows of terms that are worked out once for instruments that are alike are those that each would have alone."""

import numpy as np
import pytest

from barter_bt import Fees, Instrument, Margin, Slippage, Venue
from barter_bt.columns.table import Table
from barter_bt.instrument import IndexedInstruments, choose_scales
from barter_bt.venue import build
from barter_bt.venue.by_exchange import venues_of

STEPS = {"price_increment": "0.01", "quantity_increment": "0.001"}
INSTRUMENTS = [
    *(Instrument("x", f"{base}_usd", **STEPS) for base in "abc"),
    Instrument("x", "d_usd", price_increment=0.01, quantity_increment="0.001"),
    Instrument("x", "e_usd", notional_min=10, **STEPS),
    Instrument("x", "a_eur", **STEPS),
    Instrument("x", "f_usd"),
    Instrument("x", "a_b", **STEPS),
    *(Instrument("y", f"{base}_usd", kind="perpetual", settlement="usd", **STEPS) for base in "ab"),
    Instrument("y", "c_usd", kind="perpetual", settlement="c", contract_size=10, **STEPS),
    Instrument("y", "d_usd", kind="future", settlement="usd", expiry="2030-01-01T00:00:00Z", **STEPS),
]
OWN = {
    "fees_by_instrument": {"b_usd": Fees(maker=0.01)},
    "margin_by_instrument": {"a_usd": Margin(0.5)},
    "slippage_by_instrument": {"c_usd": Slippage(ticks=1)},
}


def made() -> list[Table]:
    """All tables of terms that have a row for each instrument."""
    index = IndexedInstruments(INSTRUMENTS)
    venues = venues_of({"x": Venue(**OWN), "y": Venue(margin=Margin(0.1), **OWN)}, index)
    scales = choose_scales(index, {}, {}, simulated=True)
    kinds = {i: frozenset({"trades"} if i % 2 else {"candles", "quotes"}) for i in range(len(index))}
    return [
        build.build_terms(index, scales, venues),
        build.build_fill_terms(index, venues, kinds),
        build.build_margin_terms(index, scales, venues),
    ]


def test_rows_are_those_that_each_instrument_would_have_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order in which instruments that are alike and others stand."""
    together = made()
    monkeypatch.setattr(build, "firsts", lambda index, key, tables: enumerate(index.instruments))
    for shared, alone in zip(together, made(), strict=True):
        for name in alone.schema:
            np.testing.assert_array_equal(shared.array(name), alone.array(name), name)
