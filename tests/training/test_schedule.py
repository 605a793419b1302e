import math

import pytest

from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training.schedule import rate_at


def test_the_step_schedule_divides_by_ten_at_each_milestone():
    config = TrainingConfig(rate=1.0, schedule="step", milestones=(0.25, 0.5, 0.75))
    rates = [rate_at(config, progress) for progress in (0, 0.249, 0.25, 0.5, 0.75, 0.99)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01, 0.001, 0.001])


def test_the_cosine_schedule_against_its_closed_form():
    config = TrainingConfig(rate=2.0, schedule="cosine", warmup=0.2)
    assert rate_at(config, 0) == 0
    assert rate_at(config, 0.1) == pytest.approx(1.0)
    assert rate_at(config, 0.2) == pytest.approx(2.0)
    assert rate_at(config, 0.6) == pytest.approx(1.0)
    assert rate_at(config, 0.8) == pytest.approx(2 * math.cos(math.pi * 0.375) ** 2)
