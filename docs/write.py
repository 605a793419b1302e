"""Write what follows from the code (make docs): the configuration page, its schema, README targets."""

import re
from pathlib import Path

from pipeline_lib.reporting.catalogue import targets
from pipeline_lib.scheduling.reruns import reruns, table
from pipeline_lib.study.configuration.document import reference, schema

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- targets: written by make docs -->\n", "<!-- end of targets -->"


def target_list() -> str:
    """Return the tables and figures that a user can ask for, as a Markdown table."""
    names: dict[str, list[str]] = {}
    for target in targets():
        names.setdefault(target.summary, []).append(f"`{target.name}`")
    rows = [f"| {', '.join(same)} | {summary} |" for summary, same in names.items()]
    return "\n".join(["| target | makes |", "|---|---|", *rows]) + "\n"


def with_targets(readme: str) -> str:
    """Return the README with the list of targets between its two marks."""
    return re.sub(
        f"{BEGIN}.*?{END}", lambda _: BEGIN + target_list() + END, readme, flags=re.DOTALL
    )


if __name__ == "__main__":
    (ROOT / "workflow" / "schemas" / "config.yaml").write_text(schema(), encoding="utf-8")
    page = f"{reference()}\n{table(reruns(ROOT / 'Snakefile'))}"
    (ROOT / "docs" / "configuration.md").write_text(page, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_targets(readme.read_text(encoding="utf-8")), encoding="utf-8")
