"""Train one of the paper's networks on a manifest of images, from scratch or fine-tuned.

Under torchrun (python -m torch.distributed.run) it trains in several processes, one for each GPU.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, option, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.load import checked
from pipeline_lib.study.configuration.networks import NetworkConfig
from pipeline_lib.study.configuration.training import TrainingConfig, TrainingSection
from pipeline_lib.training.distributed import join_processes, own_rank
from pipeline_lib.training.images import ImageSource
from pipeline_lib.training.job import train_network
from pipeline_lib.training.stop import StopRequest

_SETTINGS = ("warp", "crop", "workers", "threads", "save_every", "give_up_after")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    if own_rank() > 0:  # only the first process has a log: the others would overwrite it
        parser = argparse.ArgumentParser(
            parents=[parser], add_help=False, conflict_handler="resolve"
        )
        parser.add_argument("--log", type=lambda _: None, help=argparse.SUPPRESS)
    parser.add_argument("--name", required=True, help="the network's name in tables")
    parser.add_argument("--architecture", required=True, help="a name of the registry")
    pairs = {"type": option, "action": "append", "default": [], "metavar": "KEY=VALUE"}
    parser.add_argument(
        "--option", **pairs, help="of the architecture, for example width=0.25; repeatable"
    )
    parser.add_argument(
        "--recipe", **pairs, help="a key of training.recipe, for example epochs=6; repeatable"
    )
    add_settings(parser, NetworkConfig, "start")
    parser.add_argument(
        "--start-weights", type=Path, help="what the step start_weights wrote for --start"
    )
    parser.add_argument("--images", type=Path, required=True, help="the training manifest")
    parser.add_argument("--root", type=Path, help="the data set's folder; not needed with --shards")
    parser.add_argument("--shards", type=Path, help="read the images packed here (step pack)")
    parser.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="first compare the shards with their checksums",
    )
    add_settings(parser, TrainingSection, *_SETTINGS)
    parser.add_argument("--budget", type=float, help="minutes after which to save, stop and fail")
    parser.add_argument("--history", type=Path, help="folder for history.csv, TensorBoard's events")
    parser.add_argument(
        "--log-every", type=int, default=10, help="steps between rows of the history"
    )
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder for resumable state"
    )
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check the flags, join the other processes, train."""
    settings = read_settings(arguments, TrainingSection, *_SETTINGS)
    recipe = checked(TrainingConfig, dict(arguments.recipe), lambda key: f"--recipe: {key}")
    if settings.crop > settings.warp:
        raise InputError(f"a crop of {settings.crop} does not fit into a warp of {settings.warp}")
    if arguments.root is None and arguments.shards is None:
        raise InputError("no images: give --root, or --shards")
    if (arguments.start is None) != (arguments.start_weights is None):
        raise InputError("--start and --start-weights go together: give both, or none")
    for flag in ("log_every", "budget"):
        value = getattr(arguments, flag)
        if value is not None and value <= 0:
            raise InputError(f"--{flag.replace('_', '-')}: {value} must be above 0")
    with join_processes(settings.threads) as processes:
        train_network(
            arguments.name,
            NetworkConfig(
                architecture=arguments.architecture,
                options=dict(arguments.option),
                start=arguments.start,
            ),
            settings.model_copy(update={"recipe": recipe}),
            ImageSource(arguments.images, arguments.root, arguments.shards, arguments.verify),
            start_weights=arguments.start_weights,
            checkpoints_folder=arguments.checkpoints,
            history=arguments.history,
            log_every=arguments.log_every,
            out=arguments.out,
            processes=processes,
            stop=StopRequest(arguments.budget),
        )
