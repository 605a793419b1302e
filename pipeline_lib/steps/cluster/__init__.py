"""Around a run on a cluster: what it will cost, whether it can begin, how far it is."""
