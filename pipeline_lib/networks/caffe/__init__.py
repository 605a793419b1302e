"""The originals: Caffe's own networks, and the files that were released of them."""
