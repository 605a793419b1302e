import math

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.training.recipe import Recipe


def test_the_step_schedule_divides_by_ten_at_each_milestone():
    recipe = Recipe(rate=1.0, schedule="step", milestones=(0.25, 0.5, 0.75))
    rates = [recipe.rate_at(part) for part in (0, 0.249, 0.25, 0.5, 0.75, 0.99)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01, 0.001, 0.001])


def test_the_cosine_schedule_against_its_closed_form():
    recipe = Recipe(rate=2.0, schedule="cosine", warmup=0.2)
    assert recipe.rate_at(0) == 0
    assert recipe.rate_at(0.1) == pytest.approx(1.0)
    assert recipe.rate_at(0.2) == pytest.approx(2.0)
    assert recipe.rate_at(0.6) == pytest.approx(1.0)
    assert recipe.rate_at(0.8) == pytest.approx(2 * math.cos(math.pi * 0.375) ** 2)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("precision", "half", "precision 'half' is not one of float32, bfloat16, float16"),
        ("schedule", "linear", "schedule 'linear' is not one of step, cosine"),
        ("accumulate", 0, "accumulate is 0"),
        ("ema", 1.0, "ema is 1.0"),
        ("ema", -0.1, "ema is -0.1"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(field, value, message):
    with pytest.raises(InputError, match=message):
        Recipe(**{field: value})
