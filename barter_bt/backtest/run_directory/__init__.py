"""A run on disk: tables as Parquet, figures and description as JSON, written whole or not at all.

Everything is written into a hidden directory beside it, flushed, and put in its place in one step (see
:mod:`barter_bt.files`). A failure, a full disk or Ctrl-C leaves nothing behind; what a killed process left is deleted
by the next one that saves there. The manifest has the checksum of every file, and reading looks at them.
"""

from barter_bt.backtest.run_directory.manifest import FORMAT
from barter_bt.backtest.run_directory.reading import TABLES, SavedRun, read
from barter_bt.backtest.run_directory.writing import Run, refuse_foreign, write

__all__ = ["FORMAT", "TABLES", "Run", "SavedRun", "read", "refuse_foreign", "write"]
