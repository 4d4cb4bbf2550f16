"""The second implementation of the rules: naive, in plain Python, sharing no code with the engine."""
