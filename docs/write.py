"""Write what follows from the code (make docs): the configuration page, its schema, parts of README."""

import re
import textwrap
from pathlib import Path

from pipeline_lib.data.downloads import total_size
from pipeline_lib.reporting.catalogue import targets
from pipeline_lib.scheduling.reruns import reruns, table
from pipeline_lib.study.configuration.document import reference, schema

ROOT = Path(__file__).resolve().parents[1]


def target_list() -> str:
    """Return the tables and figures that a user can ask for, as a Markdown table."""
    names: dict[str, list[str]] = {}
    for target in targets():
        names.setdefault(target.summary, []).append(f"`{target.name}`")
    rows = [f"| {', '.join(same)} | {summary} |" for summary, same in names.items()]
    return "\n".join(["| target | makes |", "|---|---|", *rows]) + "\n"


def download_size() -> str:
    """Return a paragraph on how much there is to download."""
    text = (
        f"All data sets together, to download: {total_size()}; `snakemake check_data` lists them. On "
        "disk they take as much again until the archives are deleted."
    )
    return textwrap.fill(text, 105) + "\n"


def renewed(readme: str) -> str:
    """Return the README with what the code says between each pair of marks."""
    for part, text in {"targets": target_list(), "downloads": download_size()}.items():
        begin, end = f"<!-- {part}: written by make docs -->\n", f"<!-- end of {part} -->"
        marked = re.compile(f"{begin}.*?{end}", re.DOTALL)
        readme = marked.sub(lambda _, new=begin + text + end: new, readme)
    return readme


if __name__ == "__main__":
    (ROOT / "workflow" / "schemas" / "config.yaml").write_text(schema(), encoding="utf-8")
    page = f"{reference()}\n{table(reruns(ROOT / 'Snakefile'))}"
    (ROOT / "docs" / "configuration.md").write_text(page, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(renewed(readme.read_text(encoding="utf-8")), encoding="utf-8")
