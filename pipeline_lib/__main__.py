"""Run a step: ``python -m pipeline_lib STEP ...``. Without a step, list all steps by chapter."""

import ast
import gc
import importlib
import sys
from pathlib import Path

from pipeline_lib.common.machine import keep_freed_memory
from pipeline_lib.common.nearest import nearest

CHAPTERS = (
    *("data", "networks", "localization", "transfer", "discovery"),
    *("units", "report", "cluster"),
)
_STEPS = Path(__file__).parent / "steps"


def steps() -> dict[str, dict[str, Path]]:
    """Return the module of each step, by chapter and by the step's name; none is imported."""
    return {
        chapter: {
            path.stem: path
            for path in sorted((_STEPS / chapter).glob("*.py"))
            if path.stem != "__init__"
        }
        for chapter in CHAPTERS
    }


def overview() -> str:
    """Return the list of steps, with the first line of each one's docstring."""
    lines = ["usage: python -m pipeline_lib STEP ...   (STEP --help: its flags)"]
    for chapter, modules in steps().items():
        lines += ["", f"{chapter}: {_first_line(_STEPS / chapter / '__init__.py')}"]
        lines += [f"  {name:<16} {_first_line(path)}" for name, path in modules.items()]
    return "\n".join(lines)


def _first_line(module: Path) -> str:
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def main(argv: list[str]) -> int:
    """Import the step that ``argv`` names and run it; return its exit status."""
    if not argv or argv[0] in ("-h", "--help"):
        print(overview())
        return 0
    step, *flags = argv
    chapter_of = {name: chapter for chapter, modules in steps().items() for name in modules}
    if step not in chapter_of:
        hint = f"is not a step{nearest(step, chapter_of)} (python -m pipeline_lib lists them)"
        print(f"error: '{step}' {hint}", file=sys.stderr)
        return 2
    keep_freed_memory()
    # What imports make stays: to search it for garbage is a tenth of PyTorch's import. torchvision and
    # timm are imported later, by who needs them: Triton, which they load, complains of what is frozen.
    gc.disable()
    module = importlib.import_module(f"pipeline_lib.steps.{chapter_of[step]}.{step}")
    gc.freeze()
    gc.enable()
    return module.main(flags)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
