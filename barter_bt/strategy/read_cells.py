"""What of a schedule is read: cells, by what their row does, and settings; any other is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from barter_bt.engine.targets import AMEND_ROW, CANCEL_ROW, MARGIN_ROW, OPEN_ROW, TARGET_ROW
from barter_bt.errors import StrategyError
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


_OF_TARGETS = {"size": "units", "with_fee": True, "resize": True, "band": 0.0, "size_at": "decision"}
"""Settings of a schedule that targets alone read, and what they are without being given."""


def refuse_idle(schedule: Any) -> None:
    """Refuse settings of a schedule that no column of its frame reads.

    Raises
    ------
    StrategyError
        One has no effect.
    """
    columns = schedule.frame.columns
    has_targets = "target" in columns or "action" not in columns
    reads = {
        **{name: (value, has_targets, "targets") for name, value in _OF_TARGETS.items()},
        "protect_by": ("price", any(name in columns for name in PROTECTION), " or ".join(PROTECTION)),
        "price_by": ("price", has_targets and ("price" in columns or "stop" in columns), "targets with price or stop"),
    }
    for name, (default, is_read, what) in reads.items():
        given = getattr(schedule, name)
        if given != default and not is_read:
            raise StrategyError(f"{name} is {given!r}, and the schedule has no {what}", f"leave {name} out")


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
