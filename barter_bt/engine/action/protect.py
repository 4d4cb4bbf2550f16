"""Orders that protect an entry: a stop loss and a take profit that wait for it, each the end of the other (rule 31)."""

from __future__ import annotations

from barter_bt.engine.action.send import ask
from barter_bt.engine.order import GTC, LIMIT, MARKET, STOP
from barter_bt.engine.state.tables import EngineState

NO_UNIT, BY_PRICE, BY_DISTANCE, BY_FRACTION = 0, 1, 2, 3
BY_TICKS = 4  # of what compiled strategies ask for: a distance that is counted in ticks


def ask_protection(
    s: EngineState, entry: int, unit: int, stop_loss: int, take_profit: int, trailing_stop: int, activation: int
) -> None:
    """Add what protects an open to the actions, the stop first.

    Amounts are ticks, or with ``BY_FRACTION`` 1e-9 of the entry's price; one of 0 is left out.
    """
    a = s.actions
    i, side, lots = a.instrument[entry], -a.side[entry], a.quantity[entry]
    if a.refused[entry]:
        return
    if stop_loss > 0 or trailing_stop > 0:
        row = _child(s, ask(s, i, side, MARKET, GTC, 0, 0, lots), entry)
        a.trigger_kind[row] = STOP
        if trailing_stop > 0 and unit == BY_FRACTION:
            a.trail_rate[row] = trailing_stop
        elif trailing_stop > 0:
            a.trail[row] = trailing_stop
        a.activation[row], a.activation_by[row] = activation, unit if activation > 0 and unit != BY_PRICE else 0
        if unit == BY_PRICE:
            a.trigger[row] = stop_loss
        else:
            _offset(s, row, unit, stop_loss)
    if take_profit > 0:
        row = _child(s, ask(s, i, side, LIMIT, GTC, 0, take_profit if unit == BY_PRICE else 0, lots), entry)
        if unit != BY_PRICE:
            _offset(s, row, unit, take_profit)


def is_on_wrong_side(side: int, own: int, stop_loss: int, take_profit: int, activation: int) -> bool:
    """Whether a price would close an entry at no loss, or at no gain (rule 98), in ticks; 0 where there is none.

    ``own`` is the entry's limit, else its trigger: an entry at the market has neither, and nothing is wrong.
    """
    if own <= 0:
        return False
    for gain in (take_profit, activation):
        if gain > 0 and side * gain <= side * own:
            return True
    return stop_loss > 0 and side * stop_loss >= side * own


def _child(s: EngineState, row: int, entry: int) -> int:
    s.actions.reduce_only[row] = 1
    s.actions.parent[row] = entry
    s.actions.trigger_by[row] = s.actions.trigger_by[entry]
    return row


def _offset(s: EngineState, row: int, unit: int, amount: int) -> None:
    if unit == BY_FRACTION:
        s.actions.offset_rate[row] = amount
    else:
        s.actions.offset[row] = amount
