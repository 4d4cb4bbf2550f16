"""The command line: thin commands over the library. Heavy packages are imported by the command that needs them.

Exit codes: 0 success, 1 an error of this package, 2 bad input, 130 interrupted with Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from barter_bt.cli import data, results, run  # noqa: F401 # these register the commands
from barter_bt.cli.app import BAD_INPUT, INTERNAL_ERROR, INTERRUPTED, OK, app
from barter_bt.errors import BarterBtError

__all__ = ["app", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv
        Words after the program's name; ``sys.argv[1:]`` by default.

    Examples
    --------
    >>> main(["--version"])  # doctest: +SKIP
    barter-bt 0.1.0
    0
    """
    try:
        command, bound, _ = app.parse_args(argv, exit_on_error=False, print_error=False)
        code = command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
        return OK if code is None else int(code)
    except CycloptsError as error:
        print(f"error: {error}\nHint: barter-bt --help", file=sys.stderr)
        return BAD_INPUT
    except BarterBtError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:
        import traceback

        traceback.print_exc()
        print("error: this is a fault of barter-bt, please report it with the lines above", file=sys.stderr)
        return INTERNAL_ERROR
