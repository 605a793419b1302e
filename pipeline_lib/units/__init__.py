"""Section 5: the units that a class rests on, what they fire for and what they can see."""
