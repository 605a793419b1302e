"""Class-specific units (paper, section 5): receptive fields, top images, and their purity."""
