"""What the paper says in words, as inequalities, and whether a study's results bear them out."""
