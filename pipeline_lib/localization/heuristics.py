"""Table 3's heuristics: which boxes are an image's five guesses (authors' code; protocol, section 1)."""

# As (rank of the class, fit of the box): the best box of each of five classes, or, as the authors
# submitted, both boxes of the first two classes and the loose one of the third.
PLAIN = tuple((rank, "loose") for rank in range(1, 6))
HEURISTICS = ((1, "loose"), (1, "tight"), (2, "loose"), (2, "tight"), (3, "loose"))
GUESSES = {"plain": PLAIN, "heuristics": HEURISTICS}
