"""The steps of the reproduction of "Learning Deep Features for Discriminative Localization".

Each module at this level is one step, run as ``python -m pipeline_lib.<step>``; the packages
beside them hold what the steps are made of. Nothing in here knows about Snakemake or about the
workflow's paths: a step takes its inputs and outputs as flags.

Boxes are half-open everywhere inside, ``(x0, y0, x1, y1)`` in pixels of the original image;
readers convert on the way in and writers on the way out.
"""
