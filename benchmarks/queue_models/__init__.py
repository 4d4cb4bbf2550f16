"""``python -m benchmarks.queue_models``: models of queues against true places, which LOBSTER's order ids tell."""
