"""One self-contained page about a run: interactive charts, tables that sort, configuration, checksums."""

from barter_bt.report.page.write import facts, write_page

__all__ = ["facts", "write_page"]
