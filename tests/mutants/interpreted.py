"""A plugin of pytest for mutants: every run is interpreted, also one that asks to be compiled, and failures come soon.

To compile a changed loop takes a minute; that compiled runs do what interpreted ones do is held by other tests. A
mutant is killed by any example of a property, not only by the smallest, and by a run that no time would end.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from hypothesis import Phase, settings

from barter_bt.simulation import loop


def pytest_configure() -> None:
    """Before tests are imported."""
    settings.register_profile("mutants", settings(), phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    loop.MOST_AT_ONE_TIME = 10_000
    interpret()


def interpret() -> None:
    """Put a driver of the loop that never compiles in place of the package's."""
    module: Any = importlib.import_module("barter_bt.backtest.run")

    Drive: Any = module.Drive

    class Interpreted(Drive):
        def __init__(self, *given: Any, **named: Any) -> None:
            bound = inspect.signature(Drive.__init__).bind(self, *given, **named)
            bound.arguments["interpret"] = True
            super().__init__(*bound.args[1:], **bound.kwargs)

    module.Drive = Interpreted
