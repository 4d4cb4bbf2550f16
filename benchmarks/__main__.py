"""Measure, print a table, write JSON; with ``--peers`` run the other tools too and write ``RESULTS.md``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, ROOT, run_apart, run_here
from benchmarks.measure import Entry
from benchmarks.tables import HEADER, row, text

RESULTS = Path(__file__).with_name("RESULTS.md")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks``; 1 if a case failed."""
    asked = _parser().parse_args(argv)
    cases = asked.case or list(CASES)
    if len(cases) == 1 and not asked.peers:
        entries = run_here(cases[0], asked.scale)
    else:
        entries = [entry for case in cases for entry in _told(case, asked.scale)]
    if asked.json != "-":
        _print_tables(entries)
    peers = _run_peers(cases, asked.scale, asked.tool) if asked.peers else []
    if asked.json == "-":
        print(json.dumps(entries + peers))
    elif asked.json:
        Path(asked.json).write_text(json.dumps(entries + peers, indent=1) + "\n", encoding="utf-8")
    if asked.peers:
        from benchmarks.results import render

        page = render(entries, peers, _profiles(asked.scale) if asked.profiles else "")
        # A part of the cases, or small ones, must not replace the results of a whole run.
        whole = not asked.case and not asked.tool and asked.scale == 1
        if target := asked.results or (RESULTS if whole else None):
            target.write_text(page, encoding="utf-8")
        elif asked.json != "-":
            print(page)
    return int(any("error" in entry for entry in entries))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--case", action="append", choices=list(CASES), help="only this case; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write the measurements as JSON; - for stdout without tables")
    parser.add_argument("--peers", action="store_true", help="run the other tools on the same data too")
    parser.add_argument("--tool", action="append", help="with --peers: only this tool; may be repeated")
    parser.add_argument("--profiles", action="store_true", help="with --peers: profile what limits our figures too")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the size of each case, for a trial")
    parser.add_argument("--results", type=Path, metavar="FILE", help="with --peers: write the page here")
    return parser


def _told(case: str, scale: float) -> list[Entry]:
    print(f"{case} ...", file=sys.stderr, flush=True)
    return run_apart(case, scale)


def _print_tables(entries: Sequence[Entry]) -> None:
    from benchmarks.machine import machine

    print("\n".join(f"{name:12}{value}" for name, value in machine().items()), end="\n\n")
    print(text(HEADER, map(row, entries)))
    for entry in entries:
        if entry.get("parts"):
            parts = ", ".join(f"{name} {seconds * 1e3:.1f}" for name, seconds in entry["parts"].items())
            print(f"{entry['case']}: milliseconds of {parts}; first call {entry.get('first_seconds', 0):.1f} s")
        if entry.get("same_work") is False:
            print(f"{entry['case']}: NOT the same work: {entry['same_work_reason']}")
        if entry.get("note"):
            print(f"{entry['case']}: {entry['note']}")


def _run_peers(cases: Sequence[str], scale: float, tools: Sequence[str] | None) -> list[Entry]:
    from benchmarks.peers import NEEDS, run_peers

    wanted = [case for case in cases if case in NEEDS]
    data = peer_data({name for case in wanted for name in NEEDS[case]}, scale)
    entries: list[Entry] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in wanted:
            print(f"{case} in other tools ...", file=sys.stderr, flush=True)
            entries += run_peers([case], Path(folder), data, tools)
    return entries


def _profiles(scale: float) -> str:
    """The profiles of all cases, of a process of their own."""
    print("profiles ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.profile", "--scale", str(scale)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT)
    return done.stdout.strip()


def peer_data(names: set[str], scale: float) -> Mapping[str, Mapping[str, Any]]:
    """The data sets of our own cases, as the peers read them."""
    from barter_bt.data import generate
    from benchmarks import bars, overfitting, replay
    from benchmarks.peers._answers import REBALANCE

    events, rows = int(replay.EVENTS * scale), max(2 * REBALANCE, int(bars.ROWS * scale))
    data: dict[str, Mapping[str, Any]] = {}
    if "candles" in names:
        data["candles"] = generate.candles_arrays(int(bars.CANDLES * scale))
    if "panel" in names:
        data["panel"] = {"close": generate.panel(rows, bars.WIDTH)}
    if "returns" in names:
        data["returns"] = {"values": overfitting.returns(scale)}
    if "trades" in names:
        walk = generate.trades_arrays(events)
        data["trades"] = {**walk, "side": 1 - walk["side"]}  # there 0 is a buy
    if "quotes" in names:
        data["quotes"] = generate.quotes_arrays(events)
    return data


if __name__ == "__main__":
    sys.exit(main())
