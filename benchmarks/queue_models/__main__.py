"""Follow ghosts through LOBSTER's samples, and write what became of them into ``docs/queue_models.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.queue_models.page import rewrite, tables
from benchmarks.queue_models.study import LANES, study

PAGE = Path(__file__).parents[2] / "docs" / "queue_models.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks.queue_models``; 1 if there is no file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue_models", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of LOBSTER_SampleFile_*_5.zip")
    parser.add_argument("--lanes", type=int, default=LANES, help="ghosts that may be there at one time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--print", action="store_true", help="print the tables and leave the page as it is")
    asked = parser.parse_args(argv)
    files = sorted(asked.data.glob("LOBSTER_SampleFile_*_5.zip"))
    if not files:
        print(f"error: there is no LOBSTER_SampleFile_*_5.zip in {asked.data}", file=sys.stderr)
        return 1
    studies = [study(path, asked.lanes, asked.seed) for path in files]
    if asked.print:
        print("\n\n".join(map(tables, studies)))
    else:
        rewrite(PAGE, studies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
