"""How networks are trained."""

from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Strict

from pipeline_lib.study.configuration.section import Section, setting

Fraction = Annotated[float, Ge(0), Le(1)]


class TrainingConfig(Section):
    """The optimization. The defaults are the released GoogLeNet-GAP solver's (protocol, section 1)."""

    epochs: float = setting(8.0, "Passes over the training images.", "epochs", gt=0)
    batch: int = setting(64, "Images in one optimizer step, over all processes.", "images", ge=1)
    rate: float = setting(0.001, "Learning rate at its highest.", gt=0)
    momentum: float = setting(0.9, "Momentum of SGD.", ge=0, lt=1)
    decay: float = setting(5e-4, "Weight decay; biases and norm layers have none.", ge=0)
    bias_rate: float = setting(2.0, "Learning rate of biases, as a multiple of the others'.", gt=0)
    schedule: Literal["step", "cosine"] = setting(
        "step",
        "Learning-rate schedule: 'step' divides by ten at each milestone, 'cosine' goes to zero.",
    )
    milestones: Annotated[tuple[Fraction, ...], Strict(False)] = setting(
        (0.25, 0.5, 0.75), "Where the step schedule divides the rate.", "fraction of the run"
    )
    warmup: float = setting(
        0.0, "Linear warm-up from zero before the schedule.", "fraction of the run", ge=0, lt=1
    )
    seed: int = setting(0, "Random seed of initial weights, image order and crops.", ge=0)
    accumulate: int = setting(
        1, "Pieces that a process computes its share of a batch in, to save memory.", ge=1
    )
    precision: Literal["float32", "tf32", "bfloat16", "float16"] = setting(
        "float32",
        "Number format of the forward and backward pass; weights stay float32. Where the device lacks "
        "it, float32 is used, and the network's card says so.",
    )
    deterministic: bool = setting(
        False,
        "Also on GPUs, give the same weights bit for bit in each run, resumed or not, on the same kind "
        "and number of GPUs; slower.",
    )
    ema: float = setting(
        0.0, "Decay of an exponential moving average of the weights; 0 switches it off.", ge=0, lt=1
    )
    compile: bool = setting(False, "Compile the network with PyTorch before training.")


class TrainingSection(Section):
    """Training jobs: their images, machines and checkpoints."""

    warp: int = setting(256, "Side that training images are warped to.", "pixels", ge=1)
    crop: int = setting(224, "Side of the random crop that the network sees.", "pixels", ge=1)
    workers: int = setting(0, "Processes that decode images, for each training process.", ge=0)
    threads: int = setting(1, "CPU threads of a training job.", ge=1)
    processes: int = setting(
        1, "Training processes on each machine, one GPU each (torchrun).", ge=1
    )
    nodes: int = setting(
        1, "Machines of a training job; more than one only on a SLURM cluster.", ge=1
    )
    pack: bool = setting(False, "Warp the training images once and pack them into shards.")
    save_every: int = setting(100, "Steps between checkpoints.", "steps", ge=1)
    give_up_after: int = setting(
        2000,
        "End a training whose accuracy is still at chance after so many images of each class, or half "
        "of the run; 0 never does.",
        "images",
        ge=0,
    )
    recipe: TrainingConfig = setting(TrainingConfig(), "The optimization of all trained networks.")
