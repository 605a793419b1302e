"""Faults at every rule: `python -m tests.soak`, see `tests/soak/__main__.py`."""
