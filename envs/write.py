"""Write envs/pipeline.yaml from constraints.txt: the same versions for conda users (make lock)."""

from pathlib import Path

HEAD = """\
# Written by `make lock` from constraints.txt: the same versions, for `snakemake --sdm conda`.
name: cam-reproduction
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def environment(constraints: str) -> str:
    """Return the conda environment that installs exactly these constraints."""
    return HEAD + "".join(f'      - "{line}"\n' for line in constraints.splitlines() if line)


if __name__ == "__main__":
    folder = Path(__file__).parent
    constraints = (folder.parent / "constraints.txt").read_text()
    (folder / "pipeline.yaml").write_text(environment(constraints))
