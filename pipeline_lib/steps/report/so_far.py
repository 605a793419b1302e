"""Make the tables, figures and page of what a study has so far; empty cells say what failed.

They are written into a folder of their own: the study's own tables are only ever whole.
"""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_text
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available, left_out
from pipeline_lib.reporting.claims.claim import read_claims
from pipeline_lib.reporting.claims.judge import Tables, as_rows, judge
from pipeline_lib.reporting.page.render import Contents, render_page
from pipeline_lib.reporting.so_far import make_table_so_far, plot_figure_so_far
from pipeline_lib.scheduling.blame import why_not
from pipeline_lib.scheduling.state import Run
from pipeline_lib.study.configuration.load import checked
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.hint import snakemake_command
from pipeline_lib.study.study import build_study


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--config", type=json.loads, required=True, help="the complete configuration, JSON"
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder to write anew")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Make what can be made; log and show why the rest cannot."""
    study = build_study(checked(Configuration, arguments.config, lambda key: f"config.{key}"))
    try:
        run = Run(Path(study.paths.results))
    except InputError:  # no run yet
        run = None
    why = partial(why_not, run)
    reasons = left_out(study)
    commands: dict[str, str] = {}
    files: dict[str, list[Path]] = {"tables": [], "figures": []}
    shutil.rmtree(arguments.out, ignore_errors=True)
    for artefact in available(study):
        is_table = artefact.name in TABLES
        make = make_table_so_far if is_table else plot_figure_so_far
        kind, suffix = ("tables", "csv") if is_table else ("figures", "png")
        path = arguments.out / kind / f"{artefact.name}.{suffix}"
        try:
            make(artefact, study, why, path)
        except InputError as error:
            reasons[artefact.title] = str(error)
            commands[artefact.title] = snakemake_command(study, artefact.target or artefact.name)
            log.info("%s: %s", artefact.name, error)
        else:
            files[kind].append(path)
    claims, page = arguments.out / "claims.csv", arguments.out / "index.html"
    tables = Tables({path.stem: path for path in files["tables"]})
    judged = [judge(each, tables) for each in read_claims(study.networks[study.main].label)]
    write_csv(claims, as_rows(judged))
    contents = Contents(
        f"{study.name} (so far)",
        Path(study.paths.results),
        page,
        [path.with_suffix(".json") for path in files["tables"]],
        files["figures"],
        claims,
        configuration=arguments.config,
        left_out=reasons,
        commands=commands,
        warning=study.configuration.warning or "",
    )
    write_text(page, render_page(contents))
    made = len(files["tables"]) + len(files["figures"])
    log.info("%s: %d tables and figures of %d", arguments.out, made, len({**TABLES, **FIGURES}))
