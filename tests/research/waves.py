"""Returns that are the same on every machine and in every version of NumPy: figures of other libraries are for them."""

from __future__ import annotations

import numpy as np


def waves(rows: int, columns: int) -> np.ndarray:
    """Shape (rows, columns): they look random, and their means differ."""
    t, k = np.arange(1, rows + 1, dtype=np.float64)[:, None], np.arange(1, columns + 1, dtype=np.float64)
    return np.sin(t * t * 0.37 * k + 1.3 * k) * 0.01 + 0.0005 * np.sin(k)


def dependent(rows: int = 300) -> np.ndarray:
    """One series whose returns depend on those before, with a skew."""
    x = waves(rows, 2)
    fall = 0.3 * np.abs(x[:, 1]) * (x[:, 1] < 0)
    return x[:, 0] + 0.6 * np.concatenate(([0.0], x[:-1, 0])) + 0.002 - fall
