"""Class activation maps and the boxes drawn from them."""
