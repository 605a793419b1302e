"""Runs on a cluster: what they will cost, whether they can begin, how far they are."""
