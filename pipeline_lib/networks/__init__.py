"""Backbones, pooling heads, ready-trained classifiers, and their class maps."""
