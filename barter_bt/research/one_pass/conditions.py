"""What can be run in one pass for many sets of parameters, and why other things cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.latency import CONSTANT
from barter_bt.engine.order import NEXT_OPEN
from barter_bt.engine.terms import IN_QUOTE, Terms
from barter_bt.errors import StrategyError
from barter_bt.strategy import Signals
from barter_bt.strategy.triggers import PROTECTION, protection_terms
from barter_bt.venue.state import CANDLES, PESSIMISTIC

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup

AMOUNTS = tuple(name for name in PROTECTION if name != "trailing_activation")
"""What protects entries in one pass."""

FREE = ("target", "size", "with_fee", "resize", "rebalance", "band", "name", "protect_by", *PROTECTION)
"""What of signals may be as it likes."""


def why_not(setup: Setup, strategy: Any) -> str | None:
    """What of a run keeps it from one pass; None if nothing does."""
    return why_not_signals(strategy, setup) or why_not_setup(setup)


def why_not_setup(setup: Setup) -> str | None:
    """What of data and terms keeps every strategy from one pass."""
    return next(_of_market(setup), None) or next(_of_terms(setup), None)


def why_not_signals(strategy: Any, setup: Setup) -> str | None:
    """What of a strategy does."""
    if not isinstance(strategy, Signals):
        return f"a strategy of type {type(strategy).__name__} is run as a whole; one pass is for Signals"
    if not isinstance(strategy.target, pl.Expr):
        return "its targets are a frame"
    for name, plain in _plain().items():
        value = getattr(strategy, name)
        if isinstance(value, pl.Expr) or value != plain:
            return f"the signals have {name}={value!s:.40}"
    return next(_of_protection(setup, strategy), None) if is_protected(strategy) else None


def is_protected(signals: Signals) -> bool:
    """Whether entries of signals are protected."""
    return any(getattr(signals, name) is not None for name in PROTECTION)


def protection_of(terms: Terms, signals: Signals) -> list[int]:
    """Stop loss, take profit and trailing stop of entries of the first instrument (rule 31); 0 for what is computed.

    Raises
    ------
    StrategyError
        An amount is not positive, or off the grid.
    """
    given = {name: getattr(signals, name) for name in AMOUNTS}
    asked = {name: None if isinstance(value, pl.Expr) else value for name, value in given.items()}
    _, *amounts, _ = protection_terms(terms, 0, "the signals", asked, signals.protect_by)
    return amounts


def _of_protection(setup: Setup, signals: Signals) -> Iterator[str]:
    fills = setup.fill_terms
    if len(setup.index) != 1:
        yield f"entries are protected, of {len(setup.index)} instruments, not one"
    elif fills.maker_fills_on[0] != CANDLES or fills.triggers_on[0] != CANDLES or fills.candle_path[0] != PESSIMISTIC:
        yield "triggers and limits do not go by candles without a path"
    elif signals.trailing_activation is not None:
        yield "trailing stops wait for a trailing_activation"
    else:
        try:
            protection_of(setup.state.terms, signals)
        except StrategyError as error:
            yield str(error)


@cache
def _plain() -> dict[str, Any]:
    """What else there is of signals, as it is by default."""
    signals = Signals(pl.lit(0.0))
    return {each.name: getattr(signals, each.name) for each in fields(Signals) if each.name not in FREE}


def _of_market(setup: Setup) -> Iterator[str]:
    if len(setup.streams) != 1:
        yield f"there are {len(setup.streams)} streams, not one"
        return
    stream = setup.streams[0]
    if stream.kind != "candles":
        yield f"the data is of {stream.kind}, not of candles"
    if stream.has_received or setup.market.feed_ns[0]:
        yield "candles arrive later than they close"
    if not stream.validate:
        yield "the data is not checked (validate=False)"
    if setup.marks:
        yield "marks go by an interval (mark_every)"


def _of_terms(setup: Setup) -> Iterator[str]:
    asked = {
        "limits or risk managers": setup.asked_risk,
        "commands": setup.commands,
        "cash flows": setup.cash_flows,
        "sessions": setup.sessions,
        "a record": setup.record,
        "rates": setup.rates,
    }
    for name, given in asked.items():
        if given:
            yield f"the simulation has {name}"
    if setup.audit != "off" or setup.trading != "enabled":
        yield f"audit is {setup.audit!r}, trading {setup.trading!r}"
    if len(setup.index.exchanges) != 1:
        yield f"there are {len(setup.index.exchanges)} exchanges, not one"
    links = setup.state.links
    if links.faulty[0]:
        yield "faults are asked for"
    if links.request_form[0] != CONSTANT or links.response_form[0] != CONSTANT:
        yield "latency is drawn"
    elif links.request_ns[0] or links.response_ns[0]:
        yield "requests and responses take time"
    for i in range(len(setup.index)):
        yield from _of_instrument(setup, i)
    quotes, bases = (set(setup.state.terms.array(name).tolist()) for name in ("quote", "base"))
    totals = setup.state.assets.array("total").tolist()
    alone = quotes == {setup.market.reporting} and not quotes & bases and len(bases) == len(setup.index)
    if not alone or any(total for asset, total in enumerate(totals) if asset not in quotes):
        yield "equity is not of one quote asset alone"


def _of_instrument(setup: Setup, i: int) -> Iterator[str]:
    terms, fills, name = setup.state.terms, setup.fill_terms, setup.index.names[i]
    if terms.derivative[i] or terms.margined[i] or terms.strike[i] or terms.expiry[i] != NEVER:
        yield f"{name} is not spot of a cash account"
    if terms.zero[i]:
        yield f"prices of {name} can be negative"
    if terms.fee_in[i] != IN_QUOTE:
        yield f"fees of {name} are paid in another asset"
    if len(setup.fees.volumes) and (len(setup.index) != 1 or setup.fees.steps.instrument[i] >= 0):
        yield f"fees of {name} go by a volume of several instruments, or one that is counted in another asset"
    if fills.taker_fills_on[i] != CANDLES or fills.candle_fill[i] != NEXT_OPEN:
        yield f"orders of {name} do not fill at the next open of a candle"
    if fills.slip_by_candle[i] or fills.participation[i]:
        yield f"orders of {name} slip by the candle, or fill in parts (participation)"
