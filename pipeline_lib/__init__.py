"""Reproduction of "Learning Deep Features for Discriminative Localization" (Zhou et al., CVPR 2016).

``steps`` holds the command lines, by chapter (``python -m pipeline_lib`` lists them); the other packages
hold what they are made of. Nothing in here knows Snakemake, but for reading a graph in ``scheduling``,
and only ``study`` knows the workflow's paths: a step takes its inputs and outputs as flags.

Boxes are half-open everywhere inside, ``(x0, y0, x1, y1)`` in pixels of the original image;
readers convert on the way in and writers on the way out.
"""

__version__ = "0.2.0"
