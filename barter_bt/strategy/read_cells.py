"""Which cells of a schedule are read, by what their row does; any other would have no effect, and is an error."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.engine.targets import AMEND_ROW, CANCEL_ROW, MARGIN_ROW, OPEN_ROW, TARGET_ROW
from barter_bt.strategy.rows import fail
from barter_bt.strategy.timing import TIMING
from barter_bt.strategy.triggers import DISTANCES, PROTECTION

_NAMES = {OPEN_ROW: "opens", TARGET_ROW: "targets", AMEND_ROW: "amends", CANCEL_ROW: "cancels", MARGIN_ROW: "margin"}
_OPENED, _ENTERED = (OPEN_ROW,), (OPEN_ROW, TARGET_ROW)
READ_BY: dict[str, tuple[int, ...]] = {
    "target": (TARGET_ROW,),
    "quantity": (OPEN_ROW, AMEND_ROW),
    "price": (OPEN_ROW, TARGET_ROW, AMEND_ROW),
    "post_only": (OPEN_ROW, TARGET_ROW, AMEND_ROW),  # of an amend it is refused with what an amend can give
    "time_in_force": _ENTERED,
    **dict.fromkeys(TIMING, _ENTERED),
    "trigger_by": _ENTERED,
    "stop": _ENTERED,
    "if_touched": _OPENED,
    **dict.fromkeys((*DISTANCES, "activation"), (OPEN_ROW, AMEND_ROW)),
    "reduce_only": _OPENED,
    "group": _OPENED,
    "after": _OPENED,
    **dict.fromkeys(PROTECTION, (OPEN_ROW, TARGET_ROW, AMEND_ROW)),
    "trigger": (AMEND_ROW,),
    "ref": (CANCEL_ROW, AMEND_ROW),
    "amount": (MARGIN_ROW,),
}
"""The actions that read a column; every row has a time, an instrument and an action."""
_NOTHING = {"quantity": 0.0, "target": 0.0, "ref": -1, "time_in_force": "gtc", "post_only": False, "reduce_only": False}
_INSTEAD = {
    "quantity": "; a target's amount is in the column target",
    "target": "; the amount of an open is in the column quantity",
    "trigger": "; opens have stop or if_touched",
}


def refuse_unread(frame: pl.DataFrame, action: np.ndarray) -> None:
    """Refuse cells that nothing reads; null, and what a column is without being given, say nothing."""
    is_one = len(action) > 0 and action.min() == action.max()
    present = {int(code) for code in (action[:1] if is_one else np.unique(action))}
    for name, readers in READ_BY.items():
        if name not in frame.columns or present <= set(readers):
            continue
        given = frame[name]
        if given.null_count() == len(given):
            continue
        asked = given.is_not_null() if name not in _NOTHING else given.fill_null(_NOTHING[name]) != _NOTHING[name]
        *first, last = [_NAMES[code] for code in readers]
        of = f"{', '.join(first)} and {last}" if first else last
        hint = f"it is of {of}{_INSTEAD.get(name, '')}"
        fail(frame, asked.to_numpy() & ~np.isin(action, readers), f"{name} where it has no effect", hint)
