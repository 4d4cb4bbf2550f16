"""The engine. Read ``loop.py`` first."""
