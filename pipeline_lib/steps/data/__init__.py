"""Steps that fetch, draw, index and pack image sets."""
