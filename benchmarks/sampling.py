"""Where the loop's time goes, by function of the source: ``python -m benchmarks.sampling sma_cross``.

Instructions (:mod:`benchmarks.profile`) say how much is done, and are the same on a busy machine; samples say where
the processor waits, which instructions do not show. They are taken by Linux' ``perf``, by its clock, and mapped to
functions by the line tables of the compiled code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lines import Functions, noted
from benchmarks.measure import Skipped
from benchmarks.profile import PROFILED
from benchmarks.tables import markdown

RATE = 20_000  # samples a second
MOST = 30  # functions that are named


def sampled(case: str, runs: int) -> str:
    """A table of the functions with the most samples."""
    perf = shutil.which("perf")
    if perf is None:
        raise Skipped("samples are taken by Linux' perf, which is not here")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, case, "--into", folder]
        environment = {**os.environ, "BARTER_BT_CACHE": folder, "BARTER_BT_COMPILE_JOBS": "0"}
        subprocess.run([*command, "--runs", "1"], check=True, env=environment)
        data = Path(folder, "perf.data")
        record = [perf, "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "-o", str(data)]
        subprocess.run([*record, *command, "--runs", str(runs)], check=True, env=environment)
        script = [perf, "script", "-i", str(data), "-F", "ip"]
        told = subprocess.run(script, check=True, capture_output=True, text=True).stdout
        return _table(Functions(Path(folder)), [int(line.split()[0], 16) for line in told.splitlines() if line.strip()])


def _table(functions: Functions, addresses: Sequence[int]) -> str:
    found = Counter(functions.at(address) for address in addresses)
    found.pop("other", None)
    whole = sum(found.values())
    rows = [(f"`{name}`", f"{samples / whole:.1%}") for name, samples in found.most_common(MOST)]
    return markdown(("the loop's time", f"of {whole:,} samples"), rows)


def _run(case: str, runs: int, folder: Path) -> None:
    with noted(folder):
        one = PROFILED[case]
        job = one.job(one.size)
        job.little()
        for _ in range(runs):
            job.run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks.sampling``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sampling", description=__doc__)
    parser.add_argument("case", choices=list(PROFILED))
    parser.add_argument("--runs", type=int, default=40, help="of the case while samples are taken")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.into:
        _run(asked.case, asked.runs, asked.into)
    else:
        print(sampled(asked.case, asked.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
