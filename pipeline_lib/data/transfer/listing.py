"""Images below folders, found by name."""

from collections.abc import Callable, Collection
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.text import read_text_lines
from pipeline_lib.data.image_files import class_folders, image_names
from pipeline_lib.data.reading import EMPTY, pass_over


def folders_with_images(
    folder: Path,
    wanted: Callable[[str], object] = lambda name: True,
    excluded: Collection[str] = (),
) -> dict[str, list[str]]:
    """Return ``{name: its images' paths below folder}`` for the direct subfolders that have images.

    Both are sorted by name; names that are not ``wanted`` are passed over, but for the ``excluded``,
    which the paper leaves out too. Raises InputError if there is none.
    """
    images_of = {}
    for path in class_folders(folder, wanted, excluded):
        if images := [f"{path.name}/{name}" for name in image_names(path)]:
            images_of[path.name] = images
        else:
            pass_over(path, EMPTY)
    if not images_of:
        raise InputError(f"{folder}: no folder of .jpg images in it; put or link the classes there")
    return images_of


def image_rows(images_of: dict[str, list[str]], below: str = "") -> list[tuple]:
    """Return the manifest's rows of ``{label: image ids}``; ``below`` is the ids' folder in the set."""
    return [
        (image, f"{below}/{image}" if below else image, label, "", "", 0)
        for label, images in images_of.items()
        for image in images
    ]


def readable(name: str) -> str:
    """Return a class's name for people."""
    return name.replace("_", " ")


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank. Raises InputError if it is missing."""
    try:
        # file names in other encodings are read as the operating system reads them
        lines = read_text_lines(path, errors="surrogateescape")
    except FileNotFoundError:
        raise InputError(f"{path}: not found; unpack it from the set's archive") from None
    return [line.strip() for line in lines if line.strip()]


def first_existing(*paths: Path) -> Path:
    """Return the first path that exists, or the first one if none does."""
    return next((path for path in paths if path.exists()), paths[0])
