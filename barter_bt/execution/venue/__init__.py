"""The venue's kernels: what a request, a market event or a fill does there."""
