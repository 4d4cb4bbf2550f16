"""What the engine does: send requests, follow a schedule."""
