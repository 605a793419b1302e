"""The page of a study: one HTML file, made of sections that know nothing of each other."""
