"""The learning-rate schedule."""

import math

from pipeline_lib.study.configuration.training import TrainingConfig


def rate_at(config: TrainingConfig, progress: float) -> float:
    """Return the learning rate when the fraction ``progress``, in [0, 1), of the run is done.

    It rises linearly from zero during the warm-up. Then "step" divides it by ten at each of the
    ``milestones``, and "cosine" lowers it to zero.
    """
    if progress < config.warmup:
        return config.rate * progress / config.warmup
    if config.schedule == "cosine":
        after_warmup = (progress - config.warmup) / (1 - config.warmup)
        return config.rate * 0.5 * (1 + math.cos(math.pi * after_warmup))
    return config.rate * 0.1 ** sum(progress >= milestone for milestone in config.milestones)
