"""Run a soak, and say as JSON what came of it."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from benchmarks.machine import machine
from benchmarks.soak.client import soak
from benchmarks.soak.page import read
from benchmarks.soak.server import serve
from benchmarks.soak.terms import Terms


def failures(figures: dict[str, Any]) -> list[str]:
    """What must not have been."""
    trades, orders = figures["trades"], figures["orders"]
    counts = {
        "trades out of order": trades["out_of_order"],
        "trades altered": trades["altered"],
        "requests in a ban": orders["sent_while_banned"],
        "amounts that nothing explains": len(orders["unreconciled"]),
    }
    return figures["differences"] + [f"{count} {what}" for what, count in counts.items() if count]


def main() -> int:
    """Run one side."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--rate", type=int, default=5000, help="trades a second")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults")
    parser.add_argument("--faults", type=float, default=2, help="seconds between two faults, on average")
    parser.add_argument(
        "--page", metavar="LOG", help="print the tables of what an earlier run printed, and run nothing"
    )
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.page:
        print(read(given.page))
        return 0
    if given.serve:
        asyncio.run(serve(Terms(**json.loads(given.serve))))
        return 0
    figures = asyncio.run(soak(given.seconds, given.rate, given.seed, given.faults))
    failed = failures(figures)
    print(json.dumps({"machine": machine(), **figures, "failed": failed}, indent=1))
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
