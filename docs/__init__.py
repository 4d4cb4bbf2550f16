"""The documentation: pages in Markdown, and the programs that write some of them. ``python -m docs`` builds it."""
