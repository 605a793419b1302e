"""Any folder of photographs: no labels, no boxes."""

from pathlib import Path

from PIL import Image

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import usable
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size

SAMPLES = "scikit-learn"  # in place of a folder: the two photographs in that package


def root_folder(root: str) -> Path:
    """Return the folder that a ``--root`` flag names; ``SAMPLES`` names the folder in scikit-learn."""
    if root != SAMPLES:
        return Path(root)
    from sklearn import datasets  # slow to import, and only the demo needs it

    return Path(datasets.__file__).parent / "images"


def read_photographs(root: Path) -> ImageSet:
    """Read every image directly in ``root``, sorted by name. Raises InputError if there is none."""
    files = usable(_image_files(root))
    if not files:
        raise InputError(f"{root}: no photograph in it")
    images = [(path.name, path.name, "", *image_size(path), 0) for path in files]
    return ImageSet(images, [], [], Summary(f"photographs in {root.name}", len(images)))


def photographs_of(path: Path) -> list[Path]:
    """Return the images directly in a folder, sorted by name; a file is its own only one.

    What else is in the folder is counted in the log. Raises InputError if there is no image in it.
    """
    if not path.is_dir():
        return [path]
    files = _image_files(path)
    others = sum(not each.name.startswith(".") for each in path.iterdir()) - len(files)
    if not files:
        raise InputError(f"{path}: no photograph in it")
    if others:
        log.info("%s: %d images; %d other files and folders are left out", path, len(files), others)
    return files


def _image_files(folder: Path) -> list[Path]:
    """Return the files directly in a folder whose suffix is an image's, sorted, without hidden ones."""
    Image.init()
    suffixes = set(Image.registered_extensions())
    return [
        path
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.suffix.lower() in suffixes and not path.is_dir() and not path.name.startswith(".")
    ]
