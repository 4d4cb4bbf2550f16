"""A backtest described by a TOML file: read, checked, and turned into the arguments of ``backtest``.

Keys that nobody knows and keys that are missing are errors with the whole path of the key, for example
``venues.xnas.fees.takr``. Nothing is guessed: a file that loads says all that it seems to say.
"""

from barter_bt.backtest.config.build import Config, load
from barter_bt.backtest.config.sections import File, schema

__all__ = ["Config", "File", "load", "schema"]
