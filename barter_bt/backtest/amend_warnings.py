"""What became of amends otherwise than was asked for, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from barter_bt.engine.state.amends import AMEND_DONE, AMEND_REASONS, AMEND_REFUSED, AMEND_REJECTED
from barter_bt.engine.state.tables import EngineState


def amend_warnings(s: EngineState, names: Sequence[str]) -> Iterator[str]:
    """Amends that the venue or the engine did not let be; ``names`` are those of reasons by code."""
    a = s.amends
    if not len(a):
        return
    for what, code in (("rejected by the venue", AMEND_REJECTED), ("refused before they were sent", AMEND_REFUSED)):
        reasons, counts = np.unique(a.array("reason")[a.array("status") == code].astype(np.int64), return_counts=True)
        if len(reasons):
            most = np.argsort(-counts, kind="stable")
            told = ", ".join(f"{_name(int(reasons[k]), names)} {counts[k]:,}" for k in most)
            yield f"{counts.sum():,} of {len(a):,} amends were {what}: {told}"


def given_another_quantity(s: EngineState) -> npt.NDArray[np.bool_]:
    """Which orders have been amended to another quantity."""
    a, found = s.amends, np.zeros(len(s.orders), bool)
    found[a.array("order")[(a.array("status") == AMEND_DONE) & (a.array("quantity") > 0)]] = True
    return found


def _name(code: int, names: Sequence[str]) -> str:
    return AMEND_REASONS[code] if code < 0 else names[code]
