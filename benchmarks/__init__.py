"""``python -m benchmarks``: how fast the engine is, beside other tools on the same jobs."""
