"""Steps that write tables, figures and the page."""
