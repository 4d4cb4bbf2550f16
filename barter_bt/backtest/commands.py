"""Commands given as a frame: what somebody outside tells the engine, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from barter_bt.backtest.bound_commands import BONDS, Bonds
from barter_bt.engine.action.protect import BY_PRICE, is_on_wrong_side
from barter_bt.engine.action.transfer import units_of_margin
from barter_bt.engine.agenda import COMMAND, NEVER
from barter_bt.engine.command import (
    AMEND_REQUESTS,
    CANCEL_ORDERS,
    CANCEL_REQUESTS,
    CLOSE,
    DISABLE_TRADING,
    ENABLE_TRADING,
    LOSE_ACCOUNT,
    LOSE_MARKET,
    MOVE_MARGIN,
    OPEN_ORDERS,
    SHUTDOWN,
)
from barter_bt.engine.order import ASKED_TIMES, BUY, EXERCISE, GTC, IOC, LIMIT, MARKET, NO_GROUP, NO_TIME, SELL
from barter_bt.engine.state.tables import Commands as Columns
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.targets import NOT_SENT
from barter_bt.engine.terms import ISOLATED, Terms, price_steps, steps
from barter_bt.errors import ConfigError, nearest, refuse_unknown
from barter_bt.instrument import IndexedInstruments, InstrumentFilter
from barter_bt.strategy.amend_request import AMENDABLE, amend_terms
from barter_bt.strategy.kinds import as_kinds
from barter_bt.strategy.timing import TIMING, check_post_only, end_of, timing_terms
from barter_bt.strategy.triggers import (
    ONE_OF_PROTECTION,
    PROTECTION,
    RIGHT_SIDE,
    TRIGGERS,
    WRONG_SIDE,
    protection_terms,
    trigger_by_code,
    trigger_terms,
)

COMMANDS = {
    "open": OPEN_ORDERS,
    "cancel": CANCEL_REQUESTS,
    "close_positions": CLOSE,
    "cancel_orders": CANCEL_ORDERS,
    "enable_trading": ENABLE_TRADING,
    "disable_trading": DISABLE_TRADING,
    "shutdown": SHUTDOWN,
    "market_disconnect": LOSE_MARKET,
    "account_disconnect": LOSE_ACCOUNT,
    "amend": AMEND_REQUESTS,
    "margin": MOVE_MARGIN,
}
_UNREAD = "leave it out: frame.drop(...); quantities are signed, below 0 is a sale"
_BY_INSTRUMENT = (CLOSE, CANCEL_ORDERS)
_OF_LINKS = (LOSE_MARKET, LOSE_ACCOUNT)
_ABSENT = {"good_till": NEVER, "good_after": NO_TIME, "group": NO_GROUP, "sent": NOT_SENT}
_OPENS = (
    *("instrument", "quantity", "price", "time_in_force", "post_only", "reduce_only", *TRIGGERS, "trigger_by"),
    *(*TIMING, *PROTECTION, "protect_by", *BONDS),
)
_TAKES: Mapping[str, tuple[str, ...]] = {
    "open": _OPENS,
    "exercise": ("instrument", "quantity"),
    "cancel": ("order", "instrument"),
    "amend": ("order", "instrument", *AMENDABLE),
    "margin": ("instrument", "amount"),
    **dict.fromkeys(("close_positions", "cancel_orders"), ("instrument", "exchange")),
    **dict.fromkeys(("market_disconnect", "account_disconnect"), ("exchange",)),
}
COLUMNS = ("time", "command", *dict.fromkeys(name for names in _TAKES.values() for name in names))
"""What a frame may have."""


@dataclass(frozen=True)
class Commands:
    """Commands, trading-state changes and losses of links, in order of time (class 4 of rule 10).

    Commands bypass the risk check and work while trading is disabled.

    Parameters
    ----------
    frame
        ``time`` (Datetime with a zone) and ``command``: ``"open"``, ``"cancel"``, ``"amend"``, ``"exercise"``,
        ``"close_positions"``, ``"cancel_orders"``, ``"enable_trading"``, ``"disable_trading"``, ``"shutdown"``,
        ``"market_disconnect"``, ``"account_disconnect"``, ``"margin"`` (rule 104). Further columns where a command
        needs them: ``instrument`` or ``exchange`` (for closing and cancelling a filter: null means all), ``order``
        (number of the order to cancel or to amend, for an amend with its instrument and what it gives of ``price``,
        ``quantity``, ``trigger``, ``trailing``, ``trailing_rate``, ``trailing_ticks`` and ``activation``, see
        :class:`~barter_bt.AmendRequest`), for an exercise ``instrument`` and ``quantity``, for margin ``instrument``
        and ``amount``, and for opens ``quantity`` (signed), ``price`` (null: market), ``time_in_force``, ``post_only``,
        ``reduce_only``, ``stop``, ``if_touched``, ``trailing``, ``trailing_rate``, ``trailing_ticks``, ``activation``,
        ``trigger_by``, ``good_after``, ``good_till``, ``candle_fill``, ``stop_loss``, ``take_profit``,
        ``trailing_stop``, ``trailing_activation``, ``protect_by`` (null: ``"price"``; see
        :class:`~barter_bt.OrderRequest`), ``group`` (a number; of the opens of one time and exchange with it one
        cancels the others) and ``after`` (the number, from 0, of the row that it follows: an earlier open of that time
        and exchange).

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> noon = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
    >>> Commands(pl.DataFrame({"time": [noon], "command": ["close_positions"]})).frame.height
    1
    """

    frame: pl.DataFrame

    def __post_init__(self) -> None:
        schema = self.frame.schema
        for name in ("time", "command"):
            if name not in schema:
                raise ConfigError(f"the commands have no column {name!r}; they have {', '.join(schema) or 'none'}")
        refuse_unknown(schema, COLUMNS, "the frame of commands", ConfigError, _UNREAD)
        object.__setattr__(self, "frame", as_kinds(self.frame, "the commands", ConfigError))
        kind = self.frame.schema["time"]
        if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
            raise ConfigError(f"column 'time' of the commands is {kind}; it must be a Datetime with a time zone")
        if self.frame["time"].null_count() or not self.frame["time"].is_sorted():
            raise ConfigError("the times of the commands have nulls or go back", "sort the frame by time")

    def install(self, state: EngineState, index: IndexedInstruments) -> None:
        """Write the commands into the state's columns, one row for each instrument that a filter names."""
        made: dict[str, list[int]] = {name: [] for name in Columns.schema}
        times = self.frame["time"].dt.cast_time_unit("ns").to_physical()
        bonds = Bonds()
        for number, (time, row) in enumerate(zip(times, self.frame.iter_rows(named=True), strict=True)):
            rows = _rows(state, index, row, number)
            if rows and rows[0]["command"] == OPEN_ORDERS and row["command"] == "open":
                rows[0] |= bonds.of(number, row, state.terms.exchange[rows[0]["instrument"]], len(made["time"]))
            for k, one in enumerate(rows):
                one |= {"time": time, "more": int(k + 1 < len(rows))}
                for name, values in made.items():
                    values.append(one.get(name, _ABSENT.get(name, 0)))
        table = Columns(len(made["time"]))
        for name, values in made.items():
            table.array(name)[:] = values
        state.replace("commands", table)
        if made["time"]:
            state.agenda.due[COMMAND] = made["time"][0]


def _rows(state: EngineState, index: IndexedInstruments, row: Mapping[str, Any], number: int) -> list[dict[str, int]]:
    if row["command"] == "exercise":
        return [_exercise(state, index, row, number)]
    command = COMMANDS.get(row["command"], -1)
    if command < 0:
        like = nearest(str(row["command"]), COMMANDS)
        raise ConfigError(
            f"command {row['command']!r} in row {number} is unknown; allowed: {', '.join([*COMMANDS, 'exercise'])}",
            f"did you mean {like!r}?" if like else None,
        )
    _refuse_useless(row, number)
    if command in _BY_INSTRUMENT:
        return [{"command": command, "instrument": i} for i in _chosen(index, row)]
    if command in _OF_LINKS:
        if row.get("exchange") is None:
            raise ConfigError(f"row {number} of the commands, {row['command']!r}, has no exchange")
        return [{"command": command, "instrument": index.exchange(row["exchange"])}]
    if command == CANCEL_REQUESTS:
        if row.get("order") is None:
            raise ConfigError(f"row {number} of the commands, 'cancel', has no order number")
        return [{"command": command, "order": row["order"]}]
    if command == AMEND_REQUESTS:
        return [_amend(state, index, row, number)]
    if command == MOVE_MARGIN:
        return [_margin(state, index, row, number)]
    return [_open(state, index, row, number)] if command == OPEN_ORDERS else [{"command": command}]


def _refuse_useless(row: Mapping[str, Any], number: int) -> None:
    """What a command does not take must be null, or false."""
    takes = ("time", "command", *_TAKES.get(row["command"], ()))
    for name, value in row.items():
        if name not in takes and value is not None and value is not False:
            of = ", ".join(command for command, names in _TAKES.items() if name in names)
            raise ConfigError(f"row {number} of the commands, {row['command']!r}, has {name}", f"it is of {of}")


def _amend(state: EngineState, index: IndexedInstruments, row: Mapping[str, Any], number: int) -> dict[str, int]:
    where = f"row {number} of the commands, 'amend',"
    if row.get("order") is None or row.get("instrument") is None:
        raise ConfigError(f"{where} needs the number of an order and its instrument")
    i = index.instrument(row["instrument"])
    terms = amend_terms(state.terms, i, BUY, where.rstrip(","), row)
    if not any(terms):
        raise ConfigError(f"{where} gives nothing", f"allowed: {', '.join(AMENDABLE)}; null stays as it is")
    given = dict(zip(("price", "quantity", "trigger", "trail", "trail_rate", "activation"), terms, strict=True))
    return given | {"command": AMEND_REQUESTS, "instrument": i, "order": row["order"]}


def _margin(state: EngineState, index: IndexedInstruments, row: Mapping[str, Any], number: int) -> dict[str, int]:
    """Margin for an isolated position, or from it (rule 104)."""
    where = f"row {number} of the commands, 'margin',"
    if row.get("instrument") is None or row.get("amount") is None:
        raise ConfigError(f"{where} needs an instrument and an amount")
    i = index.instrument(row["instrument"])
    units = units_of_margin(state, i, float(row["amount"]))
    if units == 0:
        raise ConfigError(f"{where} has amount {row['amount']}: nothing, or beyond what can be counted")
    if state.terms.margined[i] != ISOLATED:
        raise ConfigError(
            f"{where} is of {index.names[i]!r}, whose margin is not isolated",
            "give its exchange, or it alone, Margin(mode='isolated')",
        )
    return {"command": MOVE_MARGIN, "instrument": i, "quantity": units}


def _ns(time: datetime) -> int:
    """A time in ns, whatever it is."""
    return end_of(time, -NEVER, GTC, "time")


def _chosen(index: IndexedInstruments, row: Mapping[str, Any]) -> list[int]:
    if row.get("instrument") is not None:
        return InstrumentFilter.instruments(row["instrument"]).select(index)
    if row.get("exchange") is not None:
        return InstrumentFilter.exchanges(row["exchange"]).select(index)
    return InstrumentFilter.none().select(index)


def _exercise(state: EngineState, index: IndexedInstruments, row: Mapping[str, Any], number: int) -> dict[str, int]:
    """An exercise of an option that is held (rule 64)."""
    where = f"row {number} of the commands, 'exercise',"
    others = {name for name, value in row.items() if value is not None} - {"time", "command", "instrument", "quantity"}
    if row.get("instrument") is None or row.get("quantity") is None or others:
        raise ConfigError(f"{where} has {', '.join(sorted(others)) or 'too little'}", "it has instrument and quantity")
    i, terms = index.instrument(row["instrument"]), state.terms
    if index.instruments[i].exercise != "american":
        raise ConfigError(f"{where} is of {index.names[i]!r}, which is no American option")
    lots = steps(row["quantity"], terms.lots_per_unit[i], terms.lot_noise[i])
    if lots <= 0:
        raise ConfigError(f"{where} has quantity {row['quantity']}: off the grid or not positive")
    plain = {"command": OPEN_ORDERS, "instrument": i, "side": SELL, "kind": EXERCISE, "time_in_force": IOC}
    return plain | {"reduce_only": 1, "quantity": lots}


def _protection(terms: Terms, i: int, where: str, row: Mapping[str, Any], side: int, own: int) -> dict[str, int]:
    """What protects an entry with a price of its own, 0 if it has none (rules 31 and 98)."""
    asked = {name: row[name] for name in PROTECTION if row.get(name) is not None}
    unit = row.get("protect_by")
    if not asked:
        if unit is not None:
            raise ConfigError(f"{where} has protect_by, and nothing that protects", ONE_OF_PROTECTION)
        return {}
    if row.get("reduce_only"):
        raise ConfigError(f"{where} is reduce_only and has {next(iter(asked))}", "protect what opens a position")
    by, *amounts = protection_terms(terms, i, where.rstrip(","), asked, "price" if unit is None else unit)
    stop_loss, take_profit, _, activation = amounts
    if by == BY_PRICE and is_on_wrong_side(side, own, stop_loss, take_profit, activation):
        raise ConfigError(f"{where} {WRONG_SIDE}", RIGHT_SIDE)
    return {"protect_by": by} | dict(zip(PROTECTION, amounts, strict=True))


def _open(state: EngineState, index: IndexedInstruments, row: Mapping[str, Any], number: int) -> dict[str, int]:
    where = f"row {number} of the commands, 'open',"
    if row.get("instrument") is None or row.get("quantity") is None:
        raise ConfigError(f"{where} needs an instrument and a quantity")
    i, terms, price = index.instrument(row["instrument"]), state.terms, row.get("price")
    lots = steps(abs(row["quantity"]), terms.lots_per_unit[i], terms.lot_noise[i])
    ticks = 0 if price is None else price_steps(terms, i, price)
    if lots <= 0 or (price is not None and ticks <= 0):
        raise ConfigError(f"{where} has quantity {row['quantity']} and price {price}: off the grid or not positive")
    tif = row.get("time_in_force") or "gtc"
    if tif not in ASKED_TIMES:
        raise ConfigError(f"{where} has time_in_force {tif!r}; allowed: {', '.join(ASKED_TIMES)}")
    side = BUY if row["quantity"] > 0 else SELL
    held = trigger_terms(terms, i, where.rstrip(","), row, side=side, post_only=bool(row.get("post_only")))
    number_, kind = ASKED_TIMES.index(tif), MARKET if price is None else LIMIT
    if row.get("post_only"):
        check_post_only(where.rstrip(","), number_, is_limit=kind == LIMIT)
    times = timing_terms(row, _ns(row["time"]), number_, where.rstrip(","), is_limit=kind == LIMIT, is_held=bool(held))
    protection = _protection(terms, i, where, row, side, ticks or held.get("trigger", 0))
    has_stop = bool(held) or row.get("stop_loss") is not None or row.get("trailing_stop") is not None
    return (
        held
        | times
        | protection
        | {
            "command": OPEN_ORDERS,
            "instrument": i,
            "side": side,
            "kind": kind,
            "time_in_force": number_,
            "post_only": int(row.get("post_only") or False),
            "reduce_only": int(row.get("reduce_only") or False),
            "trigger_by": trigger_by_code(row.get("trigger_by"), where.rstrip(","), has_stop=has_stop),
            "price": ticks,
            "quantity": lots,
        }
    )
