"""Steps of the transfer data sets: features, linear SVMs, birds (paper, section 4)."""
