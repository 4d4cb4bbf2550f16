"""Margin that is moved by hand, at a given time or by a request (rules 79 and 104)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.flows import TRANSFER
from barter_bt.engine.messages import TRANSFERRED
from barter_bt.venue.isolated import fund_aside
from barter_bt.venue.margin import transferable
from barter_bt.venue.matches import note_worth
from barter_bt.venue.report import report_flow
from barter_bt.venue.state import VenueState


@unit
def receive_transfer(v: VenueState, i: int, wanted: int) -> None:
    """A request arrives: the last row of the cash flows of its instrument that moves margin is never due."""
    row = len(v.flows) - 1
    while v.flows.kind[row] != TRANSFER or v.flows.instrument[row] != i:
        row -= 1
    if transfer(v, row, wanted) == 0:
        report_flow(v, TRANSFERRED, row, 0)  # a request is answered


@unit
def transfer(v: VenueState, row: int, wanted: int) -> int:
    """Margin is added to an isolated position, or taken from it, as far as that goes (rule 79); returns how much."""
    i = v.flows.instrument[row]
    moved = transferable(v, i, wanted) if v.markets.quantity[i] != 0 else 0
    v.clock.withheld[0] += int(moved != wanted)
    if moved != 0:
        fund_aside(v, i, moved)
        report_flow(v, TRANSFERRED, row, moved)
        note_worth(v, v.flows.asset[row])
    return moved
