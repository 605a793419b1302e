"""The cluster's settings: what ``slurm/site.yaml`` and the environment say, and what jobs request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest

GPU_REQUESTS = ("gpus", "gres")


@dataclass(frozen=True)
class Site:
    """The keys of ``slurm/site.yaml``, which explains each; "" for a key without a value."""

    partition: str = ""
    gpu_partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    gpu_type: str = ""
    gpu_request: str = ""
    scratch: str = ""
    submit_patience: str = ""

    @property
    def patience(self) -> float:
        """Seconds to go on trying when SLURM refuses a job for now; a day if nothing is set."""
        return float(self.submit_patience or 24) * 3600

    @property
    def default_resources(self) -> dict[str, str]:
        """The resources that all jobs request, by Snakemake's names."""
        resources = {
            "slurm_partition": self.partition,
            "slurm_account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
        }
        return {key: value for key, value in resources.items() if value}

    def gpus(self, each: int, nodes: int = 1) -> dict[str, object]:
        """Return the resources of a job with ``each`` GPUs on each of its nodes."""
        resources = spread(nodes)
        partition = self.gpu_partition or self.partition
        if partition:
            resources["slurm_partition"] = partition
        # --gres counts GPUs per node, --gpus those of the whole job. On several nodes the plugin
        # would also count tasks by --gpus.
        if self.gpu_request == "gres" or nodes > 1:
            return resources | {"gres": ":".join(filter(None, ("gpu", self.gpu_type, str(each))))}
        return resources | {"gpu": each} | ({"gpu_model": self.gpu_type} if self.gpu_type else {})


def spread(nodes: int) -> dict[str, object]:
    """Return the resources of a job on several nodes: one task on each, which starts torchrun."""
    if nodes == 1:
        return {}
    return {"nodes": nodes, "tasks": nodes, "tasks_per_gpu": 0, "mpi": "srun"}


def read_site(file: Path, environment: Mapping[str, str]) -> Site:
    """Read a site's settings. Variables such as CAM_ACCOUNT in ``environment`` go over the file.

    Without the file, only the environment counts. Raises InputError for an unknown key, an unknown way
    to request GPUs and a patience that is no number of hours.
    """
    names = [field.name for field in fields(Site)]
    settings = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}
    for key in settings:
        if key not in names:
            raise InputError(
                f"{file}: '{key}' is not one of {', '.join(names)}{nearest(key, names)}"
            )
    variables = {name: environment.get(f"CAM_{name.upper()}") for name in names}
    site = Site(
        **{
            name: str(settings.get(name) or "") if value is None else value
            for name, value in variables.items()
        }
    )
    if site.gpu_request not in ("", *GPU_REQUESTS):
        raise InputError(f"{file}: gpu_request '{site.gpu_request}' is neither gpus nor gres")
    if not re.fullmatch(r"(\d+(\.\d*)?)?", site.submit_patience):
        raise InputError(
            f"{file}: submit_patience '{site.submit_patience}' is not a number of hours"
        )
    return site
