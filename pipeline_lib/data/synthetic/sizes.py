"""How large the twins are: together about 1,860 images, drawn in seconds.

Training takes 12 images of a class. That is few, so that fitting is quick, and enough to tell few
classes apart; some ten are left to test on.
"""

CLASSES = 8  # of a set of scenes, actions or events; ten shapes make ten classes of objects
TRAIN, TEST = 12, 10  # images of a class in the official lists
IMAGES = TRAIN + TEST  # images of a class where the split is drawn
BACKGROUND = 12  # images of a class without objects
SPECIES = 10
SPECIMENS = 15  # images of a species, to train on and again to test on: Table 4 hangs on one split
