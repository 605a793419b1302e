"""Backbones, the pooling heads, ready-trained classifiers, and where their class maps are."""
