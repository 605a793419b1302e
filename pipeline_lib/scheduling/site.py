"""The cluster's settings: what ``slurm/site.yaml`` and the environment say, and what jobs ask it for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from pipeline_lib.common.errors import InputError


@dataclass(frozen=True)
class Site:
    """The keys of ``slurm/site.yaml``, which explains each; "" where it says nothing."""

    partition: str = ""
    gpu_partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    gpu_type: str = ""
    gpu_request: str = ""
    scratch: str = ""

    @property
    def default_resources(self) -> dict[str, str]:
        """What all jobs ask for, in Snakemake's words."""
        named = {"slurm_partition": self.partition, "slurm_account": self.account}
        named |= {"qos": self.qos, "constraint": self.constraint}
        return {key: value for key, value in named.items() if value}

    def gpus(self, each: int, nodes: int = 1) -> dict[str, object]:
        """Return the resources of a job with ``each`` GPUs on each of its nodes."""
        resources = spread(nodes)
        partition = self.gpu_partition or self.partition
        if partition:
            resources["slurm_partition"] = partition
        # By --gres a number is for each node, by --gpus for the whole job; and with several nodes,
        # --gpus would have the plugin count tasks by GPUs.
        if self.gpu_request == "gres" or nodes > 1:
            return resources | {"gres": ":".join(filter(None, ("gpu", self.gpu_type, str(each))))}
        return resources | {"gpu": each} | ({"gpu_model": self.gpu_type} if self.gpu_type else {})


def spread(nodes: int) -> dict[str, object]:
    """Return the resources of a job on several nodes: one task on each, which starts torchrun."""
    if nodes == 1:
        return {}
    return {"nodes": nodes, "tasks": nodes, "tasks_per_gpu": 0, "mpi": "srun"}


def read_site(file: Path, environment: Mapping[str, str]) -> Site:
    """Read a site's settings; the environment goes over the file, CAM_ACCOUNT for one.

    Raises InputError for a key that there is not, and for a way to request GPUs that there is not.
    """
    known = [field.name for field in fields(Site)]
    settings = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    for key in settings:
        if key not in known:
            raise InputError(f"{file}: '{key}' is not one of {', '.join(known)}")
    site = Site(
        **{key: environment.get(f"CAM_{key.upper()}", settings.get(key) or "") for key in known}
    )
    if site.gpu_request not in ("", "gpus", "gres"):
        raise InputError(f"{file}: gpu_request '{site.gpu_request}' is neither gpus nor gres")
    return site
