"""Class-specific units (paper, section 5): receptive fields, top images, and how pure they are."""
