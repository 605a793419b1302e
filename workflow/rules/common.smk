# What all rules share: the study, made from the configuration, and the interpreter that jobs run.

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from snakemake.logging import logger

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import GPU_REQUIRED
from pipeline_lib.data.downloads import downloads
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available, left_out, targets
from pipeline_lib.reporting.comparison.folders import output_folder, require_runs
from pipeline_lib.reporting.needs import by_image_files
from pipeline_lib.reporting.page.explorer_inputs import EXPLORER
from pipeline_lib.scheduling.attempts import start_again_only_what_may_succeed
from pipeline_lib.scheduling.executor import use_patient_executor
from pipeline_lib.scheduling.graph_file import GRAPH_FILE, write_graph
from pipeline_lib.scheduling.costs import read_rates
from pipeline_lib.scheduling.measured import MEASURED_FILE, read_factors, write_measured
from pipeline_lib.scheduling.planned import planned_jobs
from pipeline_lib.scheduling.requests import SIZES, largest_request
from pipeline_lib.scheduling.site import read_site, spread
from pipeline_lib.scheduling.slurm import status_command
from pipeline_lib.scheduling.state import failures
from pipeline_lib.scheduling.targets import asked_for, unknown_target
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study import flags
from pipeline_lib.study.configuration.flags import as_flags as settings
from pipeline_lib.study.configuration.load import configuration_of_run
from pipeline_lib.study.configuration.localization import EVERY_METHOD, FEW_SHOT
from pipeline_lib.study.configuration.root import NETWORK_NAME
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.study.configuration.typed import as_typed
from pipeline_lib.study.contents import contents
from pipeline_lib.study.files import browsed_sections, every_file, index_tables
from pipeline_lib.study.hint import snakemake_command
from pipeline_lib.study.image_sets import BIRDS, HELD_OUT, PICKED, SAMPLED, TEST, TRAIN
from pipeline_lib.study.missing import missing_data
from pipeline_lib.study.paths import MAPS, NETWORK, ONE_CROP, SVM, TEN_CROP, VAL, VAL_MAPS, Maps
from pipeline_lib.study.scratch import link_scratch
from pipeline_lib.study.study import build_study, require_writable


def refuse(*messages):
    """End at once, a line each: which key or file, what is wrong."""
    sys.exit("\n".join(f"error: {message}" for message in messages))


STUDIES = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent / "studies"
if not STUDIES.is_dir():  # a module of a hosting service, of which Snakemake fetches single files
    STUDIES = Path(workflow.source_path(f"../studies/{config.get('study', 'mini')}.yaml")).parent
try:
    SITE = read_site(STUDIES.parents[1] / "slurm" / "site.yaml", os.environ)
    CONFIG = configuration_of_run(
        as_typed(config, sys.argv[1:]),
        STUDIES,
        is_job=not workflow.is_main_process,
        environment=os.environ,
        name=workflow.modifier.namespace or "",
    )
    STUDY = build_study(CONFIG)
    require_writable(STUDY.paths.results)
    if SITE.scratch and workflow.is_main_process:
        link_scratch(STUDY.paths.scratch, SITE.scratch, STUDY.name, move=False)
except InputError as error:
    refuse(error)
PATHS = STUDY.paths

# Jobs run the interpreter that runs Snakemake, activated or not; an environment that is deployed for
# them comes first.
own_path = [os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]
os.environ.update(PATH=os.pathsep.join(own_path))
CONDA = "../../envs/pipeline.yaml"

# glibc would return every large block and take it anew, layer by layer: a tenth of the CPU time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1 << 30))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(4 << 30))
# With `gpu: true` a job that was given a GPU and sees none fails. As a param it would rerun jobs.
os.environ[GPU_REQUIRED] = "1" if CONFIG.gpu else ""

if workflow.is_main_process:
    use_patient_executor(SITE.patience)

# What `--logger chapters` has in place of Snakemake's own lines, if it was asked for.
ACCOUNT = next(
    (each for each in workflow.logger_manager.get_log_handlers() if hasattr(each, "follow")), None
)


PREDICTED = [NETWORK, SVM, *EVERY_METHOD]  # what maps of a pass come from


def tell(line):
    """Print a line on stderr; with an account it takes its turn among the account's."""
    logger.warning(line) if ACCOUNT else print(line, file=sys.stderr)


# Where no profile names default resources, no job is sent anywhere.
if workflow.resource_settings.default_resources is not None:
    workflow.resource_settings.default_resources.update(SITE.default_resources)


def gpus(each=1, nodes=1):
    """Return the resources of a job that runs a network."""
    return SITE.gpus(each, nodes) if CONFIG.gpu else spread(nodes)


def largest(name, kind):
    """Return a function for the most that a job with a GPU, or without, requests of a resource."""

    def amount(_wildcards):
        own = {*workflow._localrules, "probe_cpu", "probe_gpu"}
        submitted = (rule for rule in workflow.rules if rule.name not in own)
        files = [*every_file(STUDY), *([f"{PATHS.packed}/index.json"] if STUDY.trained else [])]
        return largest_request(submitted, files, kind == "gpu")[name]

    return amount


def largest_sizes(kind):
    """Return the resources of the job that requests most; none where nothing states sizes."""
    has_profile = workflow.resource_settings.default_resources is not None
    return {size: largest(size, kind) for size in SIZES if has_profile}


def untracked(value):
    """Return a param that reruns no job when it changes: for folders and settings of speed.

    Snakemake compares params with those of the last run, but not the results of functions that take
    the outputs.
    """
    return lambda wildcards, output: value(wildcards) if callable(value) else value


def one_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"
