"""Class-specific units (paper, section 5)."""

from typing import Literal

from pipeline_lib.study.configuration.section import Section, setting


class UnitsSection(Section):
    """Figure 13: the units that classes rely on, and their receptive fields."""

    network: str | None = setting(
        None,
        "Network of the study whose units are shown; without it, AlexNetplus-GAP, or else the figures' "
        "network.",
    )
    classes: list[str] = setting(
        [], "Classes to show, by label or name; without it, those that the network classifies best."
    )
    count: int = setting(3, "Number of classes to show if none is named.", ge=1)
    units: int = setting(3, "Units of a class, those with the largest softmax weights.", ge=1)
    top: int = setting(10, "Highest activating images of a unit, for its purity.", "images", ge=1)
    shown: int = setting(6, "How many of these images are shown.", "images", ge=1)
    method: Literal["occlusion", "disc"] = setting(
        "occlusion",
        "Receptive fields: 'occlusion' measures them, 'disc' is the authors' 65 pixels.",
    )
    occluded: int = setting(10, "Images of a unit that the occluder slides over.", "images", ge=1)
    occluder: float = setting(11, "Side of the occluder.", "pixels of an input of 227", gt=0)
    stride: float = setting(3, "Stride of the occluder.", "pixels of an input of 227", gt=0)
    places_network: str = setting(
        "AlexNetplus-GAP-Places205",
        "Network for Places205: of the study, or of pipeline_lib/networks/caffe/released.yaml.",
    )
    places: list[str] = setting(
        [], "Classes of Places205 to show, by label or name; without it, those classified best."
    )
