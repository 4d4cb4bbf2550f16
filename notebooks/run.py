"""Execute the notebooks in place: ``python notebooks/run.py [NAME.ipynb ...]``, by default all of them.

Needs ``nbclient`` and ``ipykernel``. Outputs are stored without times and without the kernel's version, so that a
notebook whose results are the same stays the same file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
MOST_BYTES = 250_000


def execute(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in a fresh kernel, with this checkout as the package; the file is left as it is.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    paths = [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False)
    client.execute(env=environment, cwd=str(FOLDER))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main(names: list[str]) -> None:
    """Execute and store the notebooks of these names, or all.

    Raises
    ------
    SystemExit
        A notebook has become too large to review.
    """
    for path in [FOLDER / name for name in names] or sorted(FOLDER.glob("*.ipynb")):
        content = f"{nbformat.writes(execute(path))}\n".encode()
        if len(content) > MOST_BYTES:
            sys.exit(f"{path.name} has {len(content):,} bytes; at most {MOST_BYTES:,}: show fewer or smaller pictures")
        path.write_bytes(content)
        print(f"{path.name}  {len(content):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
