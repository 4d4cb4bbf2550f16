"""What a process does that helps another to compile (see :mod:`barter_bt.columns.workers`)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from uuid import uuid4

from barter_bt.columns.kernel import Compiler, compiling


def work(names: Sequence[str]) -> None:
    """Compile units, given as ``module:function``, into the cache, and nothing that they call by address.

    What several of them merge into themselves is compiled once.
    """
    compiler = Compiler()
    compiler.is_apart, compiler.tag = True, uuid4().hex[:16]
    for name in names:
        module, _, function = name.partition(":")
        with compiling():
            compiler.unit(getattr(importlib.import_module(module), function))
