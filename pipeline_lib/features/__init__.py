"""Features: the input of a network's last layer, stored for linear classifiers (paper, section 4)."""
