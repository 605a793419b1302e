"""Steps around a run on a cluster: its cost, whether it can begin, how far it is."""
