"""Checks of maps that the paper does not have."""

from typing import Literal

from pipeline_lib.study.configuration.section import Section, setting


class ChecksSection(Section):
    """What maps are tested for beside the paper's localization error."""

    measures: list[Literal["faithfulness"]] = setting(
        [],
        "Further measures of all networks' maps: 'faithfulness' is how the class's score falls and "
        "rises as pixels are taken away and put back in the order of the map.",
    )
    randomized_images: int = setting(
        24, "Validation images of the randomization test, drawn by a rule.", "images", ge=2
    )
    randomized_stages: int = setting(
        12, "Stages in which the randomization test goes through the layers.", ge=2
    )
    faithfulness_images: int = setting(
        200, "Validation images that faithfulness is measured on, drawn by a rule.", "images", ge=2
    )
    faithfulness_steps: int = setting(
        28, "Steps of the deletion and of the insertion curve.", "steps", ge=1
    )
