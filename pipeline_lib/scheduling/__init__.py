"""Planning a run, checking a cluster before it, and following it."""
