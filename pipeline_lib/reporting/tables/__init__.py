"""The tables: how each is built, and how a table is written."""
