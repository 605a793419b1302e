"""Features and linear SVMs on the transfer data sets (paper, section 4)."""

from typing import Annotated, Literal

from annotated_types import Gt
from pydantic import Strict

from pipeline_lib.study.configuration.section import Section, setting

Choice = Literal["present", "all"]


class SvmConfig(Section):
    """The linear SVMs: one-vs-rest, squared hinge, C chosen by cross-validation."""

    solver: Literal["batched", "liblinear"] = setting(
        "batched", "'batched' solves all classes at once; 'liblinear' is scikit-learn's LinearSVC."
    )
    costs: Annotated[tuple[Annotated[float, Gt(0)], ...], Strict(False)] = setting(
        (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0),
        "Values of C that cross-validation chooses from.",
        min_length=1,
    )
    folds: int = setting(3, "Folds of the cross-validation on the training images.", ge=2)


class TransferSection(SvmConfig):
    """Which features and data sets Tables 4 and 5 compare."""

    networks: list[str] = setting([], "Networks of the study whose features Table 5 compares.")
    sets: Choice | list[str] = setting(
        "present", "Data sets: 'present' in data_root, 'all' (refuse if one is missing), or names."
    )
    train: int | None = setting(
        None, "Training images per class of random splits; without it, the paper's number.", ge=1
    )
    splits: int | None = setting(
        None, "Number of random splits; without it, the paper's number.", ge=1
    )
    head_images: int = setting(
        50,
        "Training images per class of ILSVRC that SVMs are fitted to where they take the place of a "
        "network's head; a fifth as many more test them.",
        ge=2,
    )
    precision: Literal["float32", "tf32", "bfloat16"] = setting(
        "float32",
        "Number format of the network while features are extracted; float32 where the device lacks it.",
    )
