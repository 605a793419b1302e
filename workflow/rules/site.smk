# The cluster: what slurm/site.yaml and the environment say of it, and what jobs ask it for.

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.slurm import status_command
from pipeline_lib.scheduling.state import FAILED, Run

SITE_KEYS = "partition gpu_partition account qos constraint gpu_type gpu_request scratch".split()


def site_settings():
    """Return slurm/site.yaml's settings, and over them those of the environment, CAM_ACCOUNT for one."""
    file = Path(workflow.basedir) / "slurm" / "site.yaml"
    settings = yaml.safe_load(file.read_text()) if file.exists() else {}
    for key in settings:
        if key not in SITE_KEYS:
            refuse(f"{file}: '{key}' is not one of {', '.join(SITE_KEYS)}")
    given = {
        key: os.environ.get(f"CAM_{key.upper()}", settings.get(key) or "") for key in SITE_KEYS
    }
    if given["gpu_request"] not in ("", "gpus", "gres"):
        refuse(f"{file}: gpu_request '{given['gpu_request']}' is neither gpus nor gres")
    return given


def gpus(each, nodes=1):
    """Return the resources of a job with so many GPUs on each of its nodes, if the study uses any.

    Several nodes are a task each: torchrun, once a node, starts the processes.
    """
    asked = {}
    if nodes > 1:
        asked = {"nodes": nodes, "tasks": nodes, "tasks_per_gpu": 0, "mpi": "srun"}
    if not config["gpu"]:
        return asked
    kind = SITE["gpu_type"]
    partition = SITE["gpu_partition"] or SITE["partition"]
    if partition:
        asked["slurm_partition"] = partition
    # By --gres a number is for each node, by --gpus for the whole job; and where there are several
    # nodes, --gpus would have the plugin count tasks by GPUs.
    if SITE["gpu_request"] == "gres" or nodes > 1:
        return asked | {"gres": ":".join(filter(None, ("gpu", kind, str(each))))}
    return asked | {"gpu": each} | ({"gpu_model": kind} if kind else {})


def settle_status_command():
    """Have the plugin ask squeue where the cluster keeps no accounts; before any job is sent.

    It asks sacct wherever that is installed, which would then never tell of a failure.
    """
    if getattr(workflow.executor_settings, "status_command", None) == "sacct":
        workflow.executor_settings.status_command = status_command()


def failures():
    """Return a line for each job that failed: which, and where its log is."""
    try:
        run = Run(Path(RESULTS))
    except InputError:  # nothing of the study was asked for
        return []
    return [f"failed: {job.name}, see {run.log(job) or 'no log'}" for job in run.of(FAILED)]


def clear_checkpoints():
    """Remove the checkpoints of the networks that are there; on a cluster they outlive the training."""
    for network in TRAINED:
        if os.path.exists(f"{RESULTS}/networks/{network}.safetensors"):
            shutil.rmtree(f"{SCRATCH}/checkpoints/{network}", ignore_errors=True)


def seen_by_jobs():
    """Return the folders that jobs must see as the login node does."""
    folders = [config["results"], *([] if "world" in config else [DATA_ROOT])]
    return [*folders, *([SITE["scratch"]] if SITE["scratch"] else [])]


def preflight_flags(_wildcards):
    """Return the flags that say what the study needs: data sets, GPUs."""
    flags = ["--gpu"] if config["gpu"] else []
    if "world" not in config:
        keys = ["ilsvrc_devkit", "ilsvrc_val", "ilsvrc_val_boxes"] + ["ilsvrc_train"] * bool(
            TRAINED
        )
        keys += [slug.replace("-", "_") for slug in SLUGS]
        keys += sorted({key for name in FOUND for key in published(name)} - set(keys))
        flags += [f"--data-root {shlex.quote(DATA_ROOT)}", f"--sets {' '.join(keys)}"]
    return " ".join(flags)


SITE = site_settings()
SCRATCH = f"{SITE['scratch']}/{STUDY}" if SITE["scratch"] else RESULTS
# Where no profile names default resources, no job is sent anywhere.
if workflow.resource_settings.default_resources is not None:
    for key in ("partition", "account"):
        if SITE[key]:
            workflow.resource_settings.default_resources.update({f"slurm_{key}": SITE[key]})
    for key in ("qos", "constraint"):
        if SITE[key]:
            workflow.resource_settings.default_resources.update({key: SITE[key]})
