"""ARCHITECTURE.md, kept true: imports only point down, heavy packages are imported where they are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Container, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "barter_bt"
MODULES = sorted(PACKAGE.rglob("*.py"))


def rooms() -> list[str]:
    """The rooms in the order in which ARCHITECTURE.md lists them: the lowest first."""
    table = (ROOT / "ARCHITECTURE.md").read_text().split("## Rooms")[1].split("## ")[0]
    return re.findall(r"^\| `(\w+)(?:/|\.py)` \|", table, re.MULTILINE)


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "barter_bt":
                found |= {f"barter_bt.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("barter_bt.")}


def room_of(module: str) -> str:
    return module.split(".")[1]


def test_every_room_is_listed() -> None:
    there = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in MODULES} - {"__init__", "__pycache__"}
    assert there == set(rooms())


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        pytest.skip("the package's front names what lies in every room")
    order = rooms()
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imports(path):
        assert order.index(room_of(module)) <= order.index(here), f"{path} imports {module}, which lies above it"


def needed(text: str, names: Container[str]) -> set[str]:
    """The modules of ``names`` that a source imports, wherever in it: at its top, in functions, for types alone."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in names else node.module for name in inner}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in names}


def circles(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """What is left when every module that needs none of the others is taken away: circles, and what needs them."""
    left = {name: needed(text, texts) - {name} for name, text in texts.items()}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    return {name: sorted(others & set(left)) for name, others in left.items()}


def test_no_imports_go_in_a_circle() -> None:
    """Within rooms as well, and for types as well."""
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in MODULES}
    assert circles({name: path.read_text() for name, path in names.items()}) == {}


TYPES = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from {} import {}\n"


@pytest.mark.parametrize(
    "back",
    [
        "from p.high import High\n",
        "import p.high\n",
        "from p import high\n",
        "def late():\n    from p.high import High\n",
        TYPES.format("p.high", "High"),
        TYPES.format("p", "high"),
    ],
)
def test_a_circle_is_found_wherever_its_imports_stand(back: str) -> None:
    texts = {"p.low": "", "p.high": "from p.low import Low\n", "p.top": "from p import high\n"}
    assert circles(texts) == {}
    assert circles({**texts, "p.low": back}) == {"p.low": ["p.high"], "p.high": ["p.low"], "p.top": ["p.high"]}


def test_what_a_backtest_does_not_need_is_imported_where_it_is_used() -> None:
    """Heavy packages, and rooms of the package itself."""
    lazy = ["numba", "matplotlib", "pyarrow", "pandas", "msgspec"]
    lazy += [f"barter_bt.{name}" for name in ("protocol", "report", "system", "testing", "backtest.causality")]
    lazy += [f"barter_bt.{name}" for name in ("data.catalog", "data.importers", "data.inspection", "strategy.builtin")]
    lazy += [f"barter_bt.data.{name}" for name in ("aggregator", "generate", "read", "snapshots", "symbols")]
    lazy += [f"barter_bt.{name}" for name in ("backtest.round_trips", "statistic.figure", "statistic.summary")]
    lazy += [f"barter_bt.backtest.{name}" for name in ("checkpoint", "commands", "prices", "record", "warn")]
    lazy += [f"barter_bt.strategy.{name}" for name in ("api", "compiled", "python", "schedule", "signals", "view")]
    lazy += [f"barter_bt.{name}" for name in ("data.books", "data.download", "risk", "venue.presets", "venue.tiers")]
    code = f"import barter_bt; barter_bt.backtest; barter_bt.data; import sys; print({{*{lazy}}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_function_is_not_hidden_by_the_module_of_its_name() -> None:
    code = "import barter_bt.backtest.compare, gc; import barter_bt as bt; print(bt.compare.__module__, gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "barter_bt.backtest.compare True"
    code = "import barter_bt.data.dated, barter_bt as bt; print(bt.data.splits.__name__, bt.data.download.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "splits download"


def test_the_front_imports_nothing() -> None:
    code = "import barter_bt, sys; print('polars' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
