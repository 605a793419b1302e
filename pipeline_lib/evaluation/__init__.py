"""The metrics, each with its definition and source."""
