"""From a tick to the order that it leads to, and what is lost: clients of Binance at a loopback exchange."""
