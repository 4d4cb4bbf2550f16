"""Of what leaves a price without a trade, how much stood ahead: the truth, and what the models say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.queue_models.truth import Fate

Floats = npt.NDArray[np.float64]
PARTS = 5
CURVES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "power 1": lambda a, b: b / (a + b),
    "power 2": lambda a, b: b**2 / (a**2 + b**2),
    "power 3": lambda a, b: b**3 / (a**3 + b**3),
    "logarithmic": lambda a, b: np.log1p(b) / (np.log1p(a) + np.log1p(b)),
    "relative power 2": lambda a, b: 1 - (a / (a + b)) ** 2,
    "relative power 3": lambda a, b: 1 - (a / (a + b)) ** 3,
}
"""Share of a cancel that a model takes to have stood behind."""


def shares_ahead(fates: Sequence[Fate]) -> list[tuple[float, float, int, dict[str, float]]]:
    """By fifths of the place, a / (a + b): from, to, cancels, and what stood ahead of all that left, by model.

    Only cancels where somebody stood ahead and somebody behind: of others there is no doubt.
    """
    found = np.array([cancel for fate in fates for cancel in fate.cancels], np.float64).reshape(-1, 4)
    ahead, behind, left, was_ahead = found[(found[:, 0] > 0) & (found[:, 1] > 0)].T
    place = np.minimum((ahead / (ahead + behind) * PARTS).astype(int), PARTS - 1)
    rows = []
    for part in range(PARTS):
        of = place == part
        a, b, x = ahead[of], behind[of], left[of]
        shares = {"truth": float((x * was_ahead[of]).sum() / x.sum()) if len(x) else float("nan")}
        shares["conservative"] = float(np.maximum(x - b, 0).sum() / x.sum()) if len(x) else float("nan")
        for name, curve in CURVES.items():
            from_ahead = x - np.minimum(x * curve(a, b), b)
            shares[name] = float(from_ahead.sum() / x.sum()) if len(x) else float("nan")
        rows.append((part / PARTS, (part + 1) / PARTS, int(of.sum()), shares))
    return rows
