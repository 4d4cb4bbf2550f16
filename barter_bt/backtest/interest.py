"""Interest as columns of the engine's state: what is due again and again (rule 44)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from barter_bt.backtest.account import asset_of
from barter_bt.backtest.asked import nanoseconds
from barter_bt.data.flows import CashFlows
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.flows import BORROW_FEE, DEBT_INTEREST, INTEREST
from barter_bt.engine.terms import RATE
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments

_RATES = {
    "cash": (INTEREST, "interest"),
    "debt": (DEBT_INTEREST, "debt_interest"),
    "borrow": (BORROW_FEE, "borrow_fee"),
}
_YEAR_NS = 365 * 86_400 * 10**9


def interest_rows(flows: CashFlows, index: IndexedInstruments, begins: int) -> Iterator[dict[str, Any]]:
    """A row for each rate, due first at the first multiple of its interval after the run's start."""
    terms = flows.frame.row(0, named=True)
    asset, i = _asset_of(terms, index)
    every = terms["every_ns"]
    since = max(nanoseconds(terms["start"], begins, "start"), begins)
    for name, (kind, reason) in _RATES.items():
        if terms[name] is None:
            continue
        share = Fraction(round(Decimal(repr(terms[name])) * RATE) * every, RATE * _YEAR_NS)
        yield {
            "time": (since // every + 1) * every,
            "every": every,
            "since": since,
            "until": nanoseconds(terms["end"], NEVER, "end"),
            "kind": kind,
            "instrument": i,
            "asset": asset,
            "exchange": index.exchanges.index(index.assets[asset][0]),
            "num": share.numerator,
            "den": share.denominator,
            "reason": reason,
            "rounded": False,
            "pays": -1,
        }


def _asset_of(terms: Mapping[str, Any], index: IndexedInstruments) -> tuple[int, int]:
    """The asset that is paid, and the instrument that is borrowed, -1 if none is."""
    if terms["instrument"] is None:
        return asset_of(index, terms["asset"], "interest"), -1
    i = index.instrument(terms["instrument"])
    one = index.instruments[i]
    if one.is_derivative:
        raise ConfigError(
            f"a borrow rate of {one.key!r}, which is {one.kind}: only what is sold short of spot is borrowed",
            "perpetuals pay funding",
        )
    return index.settlement_assets[i], i
