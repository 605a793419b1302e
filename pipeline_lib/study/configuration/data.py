"""Where images come from."""

from typing import Literal

from pipeline_lib.study.configuration.section import Section, setting


class WorldSection(Section):
    """The synthetic data sets that are drawn instead of reading data_root."""

    train_images: int = setting(description="Training images of the synthetic ILSVRC.", ge=1)
    val_images: int = setting(description="Validation images of the synthetic ILSVRC.", ge=1)
    test_images: int = setting(0, "Test images of the synthetic ILSVRC.", ge=0)
    seed: int = setting(0, "Random seed of everything that is drawn.", ge=0)


class IlsvrcSection(Section):
    """The real ILSVRC2012."""

    val_images: int = setting(
        50_000,
        "Number of labels that the devkit must have; any subset of the images will do.",
        ge=1,
    )


class ImagesSection(Section):
    """The image files of all sets."""

    unreadable: Literal["refuse", "skip"] = setting(
        "refuse",
        "Images that cannot be decoded and annotations that cannot be used: 'refuse' them, or 'skip' "
        "and count them, in every set; for that every image is decoded once when a set is indexed.",
    )
    view: Literal["stored", "shown"] = setting(
        "stored",
        "How the images of a data set are read: 'stored', with the pixels of the file, as the paper's "
        "code reads the published sets; or 'shown', for your own pictures in the layout of one: turned, "
        "and in the colours, as their metadata says. Single photographs are always read as shown.",
    )


class PhotographsSection(Section):
    """Photographs that are shown in Figure 4 beside the validation images."""

    folder: str = setting(
        description="Folder of photographs; 'scikit-learn' means the two samples in that package."
    )
    network: str = setting(description="Ready-trained network that classifies them.")
