"""What there is to do, and how far a run has come with it."""
