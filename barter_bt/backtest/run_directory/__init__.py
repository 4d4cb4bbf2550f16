"""A run on disk: tables as Parquet, figures and description as JSON, written whole or not at all.

Everything is written into a sibling directory with a temporary name, flushed, and renamed in one step, so a
directory under the final name is always complete. A failure, a full disk or Ctrl-C leaves nothing behind; a
killed process leaves at most a hidden directory whose name ends in ``.writing``. An older run under the same
name is moved aside just before the rename and deleted after it (or moved back, should the rename fail).
"""

from barter_bt.backtest.run_directory.reading import FORMAT, TABLES, SavedRun, read
from barter_bt.backtest.run_directory.writing import Run, write

__all__ = ["FORMAT", "TABLES", "Run", "SavedRun", "read", "write"]
