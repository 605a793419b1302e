"""Commands that messages advise: they work as printed."""

import shlex

from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.study import Study


def snakemake_command(study: Study, target: str) -> str:
    """Return the command that makes a target of this study, with its data and results."""
    configuration = study.configuration
    config = [f"study={study.name}"]
    if not study.is_synthetic:
        config.append(f"data_root={study.data_root}")
    if configuration.results != Configuration.model_fields["results"].default:
        config.append(f"results={configuration.results}")
    return shlex.join(["snakemake", target, "--cores", "1", "--config", *config])
