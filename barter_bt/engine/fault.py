"""What ends a run: the first fault, noted as a number and a place; Python turns it into an error with names."""

from __future__ import annotations

from barter_bt.columns.column import I64
from barter_bt.columns.table import Table

NO_FAULT, OUT_OF_RANGE, BAD_ROW, TIME_WENT_BACK, OFF_GRID, BAD_INSTRUMENT, ENDLESS, BAD_TARGET, BAD_ORDER = range(9)
FILL_IN_PAST, BAD_TERMS, BAD_ASSET = 9, 10, 11
RISK_RAISED, RISK_OUT_OF_BOUNDS = 12, 13  # of the user's risk manager
BAD_TRIGGER = 14
BAD_SHARE = 15  # of the equity, for what is quoted in another asset
BAD_HISTORY = 16  # a candle further back than are kept
BAD_COLUMN = 17  # no column of the data that a strategy asked for
BAD_NUMBER = 18  # of an order
NO_SESSIONS, SESSIONS_END, BAD_TIMES = 19, 20, 21  # of an order that knows of sessions, or of its own times
BAD_AMEND = 22
BAD_TRANSFER = 24  # margin that cannot be asked for
UNSEEN_TRIGGER = 23  # it looks at prices that the instrument has no data of
NOT_ASKED = 25  # of an order that a condition is said of
LATE_PROTECTION = 26  # of an order that is protected already, or not the last that is asked for


class Fault(Table, rows=1):
    """One row: the first thing that went wrong, and where."""

    code: I64
    instrument: I64
    asset: I64  # of an amount out of range; -1: of a quantity
    cursor: I64
    row: I64


def fail(fault: Fault, code: int, instrument: int) -> None:
    """Note the first fault; the loop stops at the next safe place."""
    if fault.code[0] == NO_FAULT:
        fault.code[0] = code
        fault.instrument[0] = instrument


def fail_range(fault: Fault, instrument: int, asset: int) -> None:
    """Note that an amount of an asset, or of an instrument's quantity (-1), left the range (rule 2)."""
    if fault.code[0] == NO_FAULT:
        fault.asset[0] = asset
    fail(fault, OUT_OF_RANGE, instrument)


def locate(fault: Fault, cursor: int, row: int) -> None:
    """Say which row the fault just met lies in, if there is one and it has no place yet."""
    if fault.code[0] != NO_FAULT and fault.cursor[0] < 0:
        fault.cursor[0] = cursor
        fault.row[0] = row
