"""The command line: thin commands over the library. Heavy packages are imported by the command that needs them.

Exit codes: 0 success, 1 an error of this package, 2 bad input, 130 interrupted with Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from barter_bt.cli import catalog, control, data, exchange, paper, quality, record, results, run, sweep  # noqa: F401 # they register commands
from barter_bt.cli.app import BAD_INPUT, INTERNAL_ERROR, INTERRUPTED, OK, app
from barter_bt.cli.usage import usage_error
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
        print(usage_error(error), file=sys.stderr)
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
    except Exception as error:
        import traceback

        traceback.print_exc()
        if place := _place_outside(error):
            print(f"error: {place}: {type(error).__name__}: {error}", file=sys.stderr)
            return BAD_INPUT
        print("error: this is a fault of barter-bt, please report it with the lines above", file=sys.stderr)
        return INTERNAL_ERROR


def _place_outside(error: BaseException) -> str | None:
    """File and line of the last step, if it is the user's own code and not this package's or a library's."""
    import sysconfig
    import traceback
    from pathlib import Path

    here = Path(__file__).resolve().parents[1]
    libraries = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
    last = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(last.filename).resolve()
    if not file.is_file() or any(file.is_relative_to(one) for one in (here, *libraries)):
        return None
    return f"{last.filename}, line {last.lineno}"
