"""Targets that lie before a run's start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from barter_bt.engine.targets import PASSED_ROW, TARGET_ROW

Rows = Mapping[str, npt.NDArray[np.int64]]


def without_replaced(rows: Rows, begins: int) -> Rows:
    """Rows of a schedule in which targets before the start are passed over, but for the last of each instrument.

    What would be bought at the start for a target that another has replaced by then would be sold at once (rule 12).

    Examples
    --------
    >>> plan = {"time": [1, 2, 3, 9], "action": [TARGET_ROW] * 4, "instrument": [0, 1, 0, 0], "strategy": [0] * 4}
    >>> without_replaced({name: np.array(column) for name, column in plan.items()}, 5)["action"].tolist()
    [5, 2, 2, 2]
    """
    if not rows or not len(rows["time"]) or rows["time"][0] >= begins:
        return rows
    early = int(np.searchsorted(rows["time"], begins))
    targets = np.flatnonzero(rows["action"][:early] == TARGET_ROW)[::-1]  # from the last on
    whose = np.stack([rows["strategy"][targets], rows["instrument"][targets]])
    _, last = np.unique(whose, axis=1, return_index=True)
    action = rows["action"].copy()
    action[np.delete(targets, last)] = PASSED_ROW
    return {**rows, "action": action}
