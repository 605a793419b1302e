"""The flags that a study's settings put on the command lines of its jobs, by step.

Each function takes the study and Snakemake's wildcards. Files stay in the rules.
"""

from pipeline_lib.study.flags import data, measures, networks, run

__all__ = ["data", "measures", "networks", "run"]
