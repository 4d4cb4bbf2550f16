"""What a process does that helps another to compile (see :mod:`barter_bt.columns.workers`)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from barter_bt.columns.kernel import Compiler, compiling


def work(names: Sequence[str]) -> None:
    """Compile units, given as ``module:function``, into the cache."""
    for name in names:
        module, _, function = name.partition(":")
        with compiling():
            Compiler().function(getattr(importlib.import_module(module), function))
