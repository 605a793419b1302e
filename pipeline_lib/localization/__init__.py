"""Heat maps of classes, and boxes extracted from them."""
