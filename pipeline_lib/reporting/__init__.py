"""Tables, figures and the page; the only package that knows the paper's numbers."""
