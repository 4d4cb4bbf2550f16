"""Recording chosen numbers of the state, with each mark or each event."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.state.position import unrealised, value_at_mark
from barter_bt.engine.state.tables import EngineState

NEVER_RECORD, EACH_MARK, EACH_EVENT = 0, 1, 2


@unit
def record(s: EngineState) -> None:
    """Add one row: the state as the last event left it, before the strategy is woken by it."""
    ins = s.instruments
    for i in range(len(ins)):
        ins.value[i] = value_at_mark(s, i) if ins.quantity[i] != 0 else 0
        ins.unrealised[i] = unrealised(s, i)
    row = s.records.append()
    s.records.time[row] = s.engine.time[0]
    s.records.sequence[row] = s.engine.sequence[0]
    for k in range(len(s.watched)):
        reading = s.readings.append()
        s.readings.value[reading] = s.watched.column[k][s.watched.row[k]]
