"""EngineState and the kernels that update it, named by what causes the update."""
