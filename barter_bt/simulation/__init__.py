"""The loop that lets the engine and the simulated venue meet, event by event."""
