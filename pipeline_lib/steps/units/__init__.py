"""Steps of the class-specific units (paper, section 5)."""
