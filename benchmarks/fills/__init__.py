"""``python -m benchmarks.fills``: our fills of a grid maker on real captures beside hftbacktest's, one by one."""
