"""What a network's last layer reads of each image, kept for linear classifiers (paper, section 4)."""
