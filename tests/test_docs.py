"""Pages that are written by programs are what these write."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_figures_is_up_to_date():
    page = runpy.run_path(str(DOCS / "metrics.py"))["text"]()
    assert (DOCS / "metrics.md").read_text("utf-8") == page, "run `python docs/metrics.py`"
