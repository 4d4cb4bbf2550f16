"""Run the same jobs in other tools and check that they did the same work."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import _answers as answers
from benchmarks.peers._tools import NEEDS, TOOLS, Tool

Array = npt.NDArray[Any]
Data = Mapping[str, Mapping[str, Array]]
HERE = Path(__file__).resolve().parent
TIME_LIMIT = 900.0


def _cache() -> Path:
    """The folder of the virtual environments."""
    chosen = os.environ.get("BARTER_BT_PEERS")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "barter_bt" / "peers"


def environment(name: str, tool: Tool) -> Path:
    """The interpreter of the tool's virtual environment, made or reused."""
    root = _cache() / name
    python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = root / "requirements.txt", "\n".join((sys.version, *tool.requirements))
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    venv.create(root, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *tool.requirements], check=True, capture_output=True, text=True, timeout=TIME_LIMIT)
    stamp.write_text(wanted)
    return python


def _write(data: Data, names: Iterable[str], folder: Path) -> None:
    """Write the data sets as the scripts read them: one ``.npy`` file per column."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        columns = dict(data[name])
        for old in folder.glob(f"{name}.*.npy"):
            old.unlink()
        for key, values in columns.items():
            np.save(folder / f"{name}.{key}.npy", values)
        if name == "candles":
            entries, exits = answers.crosses(columns["close"])
            np.save(folder / "signals.entries.npy", entries)
            np.save(folder / "signals.exits.npy", exits)


def _events(columns: Mapping[str, Array], variant: str, n: int | None = None) -> dict[str, Array]:
    """The first events as a variant runs them: ``one`` takes all for those of one instrument."""
    events = {key: values[:n] for key, values in columns.items()}
    if variant == "one":
        events["instrument"] = np.zeros_like(events["instrument"])
    return events


def _answer(name: str, case: str, variant: str, n: int, data: Data) -> answers.Answer | None:
    """The known answer of a case at the number of events that the tool ran; None where each has rules of its own."""
    if case in ("brackets", "sweep_protected"):
        return None
    if case.startswith("aggregate"):
        return answers.aggregate(_events(data["trades"], case.removeprefix("aggregate_"), n))
    if case == "sweep":
        close = data["candles"]["close"][: answers.SWEEP_CANDLES]
        return answers.sweep(close, answers.sweep_pairs(n / (len(close) * answers.SWEEP_SETS)))
    if case == "sweep_compiled":
        trades = {key: values[: answers.SWEEP_TRADES] for key, values in data["trades"].items()}
        sets = answers.sweep_every(n / (len(trades["price"]) * len(answers.sweep_every())))
        return answers.sweep_compiled(trades, name == "hftbacktest", sets)
    if case == "overfitting":
        return answers.overfitting(data["returns"]["values"])
    if case == "sma_cross":
        return answers.sma_cross(data["candles"]["close"][:n], own_signals="signals" not in variant)
    if case == "replay_compiled":
        trades = _events(data["trades"], variant, n)
        return answers.replay(trades, fixed_book=name == "hftbacktest")
    if case == "replay_quotes":
        return answers.replay_quotes(*(_events(data[key], variant) for key in ("trades", "quotes")))
    if case == "replay_python":
        return answers.Answer(0, answers.CASH, 0.01, "no orders; the script counts its wake-ups")
    return answers.rebalance(data["panel"]["close"])


Wider = tuple[float, str] | None


def _judge(entry: dict[str, Any], answer: answers.Answer, wider: Wider) -> tuple[bool, str]:
    """Whether the tool did the same work, and how that was decided."""
    tolerance, why = (wider[0] * answer.equity, wider[1]) if wider else (answer.tolerance, answer.why)
    gap = entry["final_equity"] - answer.equity
    told = f"equity {gap:+.4f} from {answer.equity:.4f}, {tolerance:.4g} allowed ({why})"
    if entry["orders"] is None:
        return abs(gap) <= tolerance, f"orders not told by the tool; {told}"
    same = entry["orders"] == answer.orders and abs(gap) <= tolerance
    return same, f"{entry['orders']} orders of {answer.orders}; {told}"


def _run(name: str, case: str, variant: str, folder: Path, data: Data) -> dict[str, Any]:
    """One case in one tool; raises what goes wrong."""
    tool = TOOLS[name]
    python = environment(name, tool)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), str(HERE / tool.script), f"{case}:{variant}" if variant else case, str(folder)],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        cwd=folder,
        env=inherited | {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
    entry: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    answer = _answer(name, case, variant, entry["n"], data)
    told = {"case": case, "variant": variant, "same_work": None, "same_work_reason": ""}
    if answer is None:
        orders = "" if entry["orders"] is None else f"; {entry['orders']:,} orders"
        return entry | told | {"note": f"{entry['note']}{orders}"}
    same, reason = _judge(entry, answer, (tool.tolerance or {}).get(case))
    return entry | told | {"same_work": same, "same_work_reason": reason}


def _told(error: Exception) -> str:
    """What went wrong, without the command line: that one names folders of this machine."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"stopped after {error.timeout:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        return f"not installed: {(error.stderr or str(error)).strip().splitlines()[-1]}"
    return f"{error}" or type(error).__name__


def run_peers(
    cases: Iterable[str], workdir: Path, data: Data, tools: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Run the cases in the peers, one at a time, each in its own virtual environment.

    Parameters
    ----------
    cases
        Names of cases, the keys of ``NEEDS``; one that no peer runs gives no entries.
    workdir
        Folder for the data files.
    data
        As far as the cases need them: ``candles`` (``time_close`` in seconds, ``open``, ``high``, ``low``,
        ``close`` of four decimals, ``volume``), ``trades`` (``time_exchange`` in nanoseconds, no two the
        same, ``instrument`` from 0, ``side`` 0 for a buy, ``price``, ``amount``), ``quotes``
        (``time_exchange``, ``instrument``, ``bid_price``, ``bid_amount``, ``ask_price``, ``ask_amount``),
        ``panel`` (``close``, rows by instruments) and ``returns`` (``values``, observations by configurations).
    tools
        Names out of ``TOOLS``; default all. A case that a tool does not run gives no entry.

    Returns
    -------
    list of dict
        One entry per case, variant and tool. One that failed has ``error`` in place of figures.
    """
    chosen = list(TOOLS if tools is None else tools)
    folder = Path(workdir).resolve()
    entries: list[dict[str, Any]] = []
    written: set[str] = set()
    for case in cases:
        needed = NEEDS.get(case, ())
        missing = [name for name in needed if name not in data]
        if not missing:
            _write(data, (name for name in needed if name not in written), folder)
            written.update(needed)
        for name in chosen:
            for key in TOOLS[name].cases:
                base, _, variant = key.partition(":")
                if base != case:
                    continue
                try:
                    if missing:
                        raise ValueError(f"no data given for {', '.join(missing)}")
                    entries.append(_run(name, case, variant, folder, data))
                # Whatever one peer does, the others still run.
                except Exception as error:
                    entries.append({"tool": name, "case": case, "variant": variant, "error": _told(error)})
    return entries
