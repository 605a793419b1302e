"""Read an image set in its official layout and write its manifest."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from pipeline_lib.common.command import command, log, option, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.common.images import SHOWN
from pipeline_lib.common.machine import add_threads_flag
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    MASK_COLUMNS,
    SPLIT_COLUMNS,
    VIEW,
    ImageSet,
    write_csv,
    write_rows,
)
from pipeline_lib.data.photographs import SAMPLES, root_folder
from pipeline_lib.data.readers import READERS, ReaderOptions, option_names
from pipeline_lib.data.reading import Reading, first_ten, reading
from pipeline_lib.data.transfer.notes import (
    counted,
    passed_over_note,
    unreadable_note,
    unusable_note,
    view_notes,
)
from pipeline_lib.study.configuration.data import IlsvrcSection, ImagesSection
from pipeline_lib.study.configuration.discovery import ConceptsSection, ScenesSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.load import checked

SECTIONS = {"scenes": ScenesSection, "concepts": ConceptsSection}  # with the options of the readers


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--layout", choices=tuple(READERS), required=True)
    parser.add_argument(
        "--root", required=True, help=f"the set's folder; '{SAMPLES}': the photographs it contains"
    )
    parser.add_argument(
        "--expected",
        type=int,
        default=IlsvrcSection().val_images,
        help="number of labels in the devkit of ilsvrc-val",
    )
    default = "(default: the paper's number)"
    parser.add_argument(
        "--train", type=int, help=f"training images per class or attribute {default}"
    )
    parser.add_argument("--test", type=int, help=f"test images per class or attribute {default}")
    parser.add_argument("--repeats", type=int, help=f"number of splits {default}")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the splits")
    parser.add_argument(
        "--option",
        type=option,
        action="append",
        default=[],
        help="key=value, an option of the reader of a set of Section 4.2; repeatable",
    )
    parser.add_argument(
        "--note", action="append", default=[], help="a sentence for the summary; repeatable"
    )
    parser.add_argument(
        "--box-note", action="append", default=[], help="a sentence on the boxes; repeatable"
    )
    add_settings(parser, ImagesSection)
    add_threads_flag(parser)
    parser.add_argument("--images", type=Path, required=True, help="CSV to write")
    parser.add_argument("--boxes", type=Path, help="CSV to write")
    parser.add_argument("--masks", type=Path, help="CSV to write")
    parser.add_argument("--classes", type=Path, help="CSV to write")
    parser.add_argument("--splits", type=Path, help="CSV to write")
    parser.add_argument("--annotations", type=Path, help="CSV to write")
    parser.add_argument("--summary", type=Path, help="JSON to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read the layout and write the tables that have a flag."""
    options = ReaderOptions(
        expected=arguments.expected,
        train=arguments.train,
        test=arguments.test,
        repeats=arguments.repeats,
        seed=arguments.seed,
        options=_with_defaults(arguments.layout, dict(arguments.option)),
    )
    image_set = _read(arguments, options)
    tables = (
        (arguments.boxes, BOX_COLUMNS, image_set.boxes),
        (arguments.masks, MASK_COLUMNS, image_set.masks),
        (arguments.classes, CLASS_COLUMNS, image_set.classes),
        (arguments.splits, SPLIT_COLUMNS, image_set.splits),
        (arguments.images, (*IMAGE_COLUMNS, VIEW), image_set.images),
    )
    for path, columns, rows in tables:
        if path is not None:
            write_rows(path, columns, rows)
    if arguments.annotations is not None:
        write_csv(arguments.annotations, image_set.annotations)
    if arguments.summary is not None:
        summary = image_set.summary.as_json()
        summary["notes"] = arguments.note + summary["notes"]
        summary["box_notes"] = arguments.box_note + summary["box_notes"]
        write_json(arguments.summary, summary, checksum=True)
    log.info("%s: %d images", image_set.summary.data_set, len(image_set.images))
    for note in image_set.summary.notes + image_set.summary.box_notes:
        log.info(note)


def _read(arguments: argparse.Namespace, options: ReaderOptions) -> ImageSet:
    """Read the layout, each image with its view; say and count what is left out."""
    settings, layout = read_settings(arguments, ImagesSection), arguments.layout
    root, threads = root_folder(arguments.root), arguments.threads or os.cpu_count()
    view = SHOWN if layout == "photographs" else settings.view
    with reading(view, skip=settings.unreadable == "skip", threads=threads) as state:
        found = READERS[layout](root, options)
    for line in state.images + state.others:
        log.info(line)
    notes = [*found.summary.notes, *_view_notes(found, root, state)]
    if state.images:
        notes.append(unreadable_note(len(state.images)))
    if state.others:
        notes.append(unusable_note(len(state.others)))
    if passed := state.passed_over:
        notes.append(passed_over_note({kind: len(paths) for kind, paths in passed.items()}))
        for kind, paths in passed.items():
            log.info("passed over: %s: %s", counted(len(paths), *kind), first_ten(sorted(paths)))
    summary = replace(found.summary, notes=notes, unreadable=len(state.images))
    images = [(*row, found.views.get(row[0], view)) for row in found.images]
    return replace(found, images=images, summary=summary)


def _view_notes(image_set: ImageSet, root: Path, state: Reading) -> list[str]:
    """Say how many of a set's images a viewer shows in another way than they are stored."""
    headers = [state.headers.get(root / path) for _, path, *_ in image_set.images]
    turned = sum(header.is_turned for header in headers if header)
    profiled = sum(header.has_profile for header in headers if header)
    return view_notes(state.view, turned=turned, profiled=profiled, exceptions=len(image_set.views))


def _with_defaults(layout: str, options: dict[str, object]) -> dict[str, object]:
    """Check ``--option`` against the layout's section; options that are not given get its defaults."""
    if layout not in SECTIONS:
        return options
    names = option_names(layout)
    known = {name: value for name, value in options.items() if name in names}
    section = checked(SECTIONS[layout], known, lambda key: f"--option {key}")
    return options | {name: getattr(section, name) for name in names}
