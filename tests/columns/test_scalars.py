"""`min`, `max` and `int` of numbers in the package's kernels give what Python gives."""

from __future__ import annotations

from types import FunctionType

import numpy as np
import pytest

from barter_bt.columns import kernel

NAN = float("nan")


def extremes(a, b, x, y, whole, real):
    whole[0], whole[1], whole[2] = min(a, b), max(a, b), min(a, b, 3)
    whole[3], whole[4], whole[5] = int(x), int(a > b), int(a)
    real[0], real[1], real[2] = min(x, y), max(x, y), max(x, 2.5, y)
    real[3] = min(a, x)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """As a kernel of the package, in a cache of its own: another process cannot import where it is from."""
    ours = FunctionType(extremes.__code__, {**extremes.__globals__, "__name__": "barter_bt.extremes"}, "extremes")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BARTER_BT_INTERPRET", raising=False)
        patch.setenv("BARTER_BT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield kernel.compiled_function(ours)


@pytest.mark.parametrize("a", [-5, 3, 7])
@pytest.mark.parametrize(("x", "y"), [(1.5, -2.5), (-0.0, 0.0), (0.0, -0.0), (1.0, NAN), (7.9, 7.9)])
def test_they_are_pythons(compiled, a, x, y):
    """Whichever of equals comes first, and whatever is beside what is no number, to the last bit."""
    found, wanted = ((np.zeros(6, np.int64), np.zeros(4)) for _ in range(2))
    compiled(a, 3, x, y, *found)
    extremes(a, 3, x, y, *wanted)
    assert [one.tobytes() for one in found] == [one.tobytes() for one in wanted]
