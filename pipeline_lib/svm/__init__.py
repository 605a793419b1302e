"""Linear SVMs on deep features (paper, section 4)."""
