"""The original Caffe networks, and their released files."""
