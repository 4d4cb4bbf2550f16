"""Compare fills on a capture with hftbacktest's, and write ``benchmarks/HFTBACKTEST.md``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fills.compare import compare_all
from benchmarks.fills.feed import MS, grid, read_feed
from benchmarks.fills.page import page

PAGE = Path(__file__).parents[1] / "HFTBACKTEST.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks.fills``; 1 if there is no capture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fills", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of usdm_btcusdt_*.gz")
    parser.add_argument("--latency-ms", type=int, default=10)
    parser.add_argument("--print", action="store_true", help="print the page in place of writing it")
    asked = parser.parse_args(argv)
    files = sorted(asked.data.glob("usdm_btcusdt_*.gz"))
    if not files:
        print(f"error: there is no usdm_btcusdt_*.gz in {asked.data}", file=sys.stderr)
        return 1
    feed = read_feed(files)
    orders = grid(feed)
    with tempfile.TemporaryDirectory() as folder:
        found = compare_all(feed, orders, asked.latency_ms * MS, Path(folder))
    text = page(feed, orders, asked.latency_ms * MS, found)
    if asked.print:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
