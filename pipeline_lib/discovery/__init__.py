"""Section 4.2: what is discovered in images with linear models on GAP features and their maps."""
