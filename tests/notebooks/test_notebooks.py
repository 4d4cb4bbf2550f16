"""Each notebook runs from a fresh kernel, and the digests that it shows are those that it finds."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks need nbformat")
pytest.importorskip("nbclient", reason="notebooks need nbclient")
pytest.importorskip("ipykernel", reason="notebooks need ipykernel")

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NEEDS = {"01_first_backtest": "bokeh", "06_duckdb": "duckdb"}
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def runner() -> Any:
    spec = importlib.util.spec_from_file_location("notebooks_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def texts(notebook: Any) -> list[str]:
    """What was printed and shown, as plain text."""
    return [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(notebook)]


def digests(notebook: Any) -> list[str]:
    return [digest for text in texts(notebook) for digest in DIGEST.findall(text)]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 6


@each_notebook
@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_a_notebook_runs_and_finds_the_digests_it_shows(path: Path) -> None:
    if needs := NEEDS.get(path.stem):
        pytest.importorskip(needs, reason=f"{path.name} needs {needs}")
    before = nbformat.read(path, as_version=4)
    after = runner().execute(path)  # raises if a cell does
    assert digests(before) == digests(after)
    assert digests(after)


@each_notebook
def test_a_notebook_is_stored_as_it_ran(path: Path) -> None:
    """Every cell executed in order, nothing went wrong, no place of this machine shows, and it is small."""
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert {output.output_type for output in outputs(notebook)} <= {"stream", "execute_result", "display_data"}
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not [text for text in texts(notebook) if re.search(r"(/tmp|/home|/root|/work|[A-Z]:\\)", text)]
    assert path.stat().st_size <= runner().MOST_BYTES
