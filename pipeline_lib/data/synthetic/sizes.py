"""Sizes of the synthetic transfer sets: together about 1,860 images, drawn in seconds.

A class has 12 training images: few, so that fitting is fast, and enough for a handful of classes. About
ten test images are left.
"""

CLASSES = 8  # in a set of scenes, actions or events; sets of objects have ten, one per shape
TRAIN, TEST = 12, 10  # images per class in the official lists
IMAGES = TRAIN + TEST  # images per class where splits are random
BACKGROUND = 12  # images of the class without objects
SPECIES = 10
SPECIMENS = 15  # training images per species, and as many test images: Table 4 has one split
