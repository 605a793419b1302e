"""Any folder of photographs: no labels, no boxes."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import files_in, usable
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size

SAMPLES = "scikit-learn"  # in place of a folder: the two photographs in that package


def root_folder(root: str) -> Path:
    """Return the folder that a ``--root`` flag names; ``SAMPLES`` names the folder in scikit-learn."""
    if root != SAMPLES:
        return Path(root)
    # Found, not imported: that takes a second and more.
    return Path(find_spec("sklearn").origin).parent / "datasets" / "images"


def read_photographs(root: Path) -> ImageSet:
    """Read every image directly in ``root``, sorted by name. Raises InputError if there is none."""
    files = usable(files_in(root, _is_image))
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
    shown = [each for each in path.iterdir() if not each.name.startswith(".")]
    files = sorted(each for each in shown if _is_image(each) and not each.is_dir())
    if not files:
        raise InputError(f"{path}: no photograph in it")
    if others := len(shown) - len(files):
        log.info("%s: %d images; %d other files and folders are left out", path, len(files), others)
    return files


def _is_image(path: Path) -> bool:
    """Tell whether a file's suffix is that of an image."""
    Image.init()
    return path.suffix.lower() in Image.registered_extensions()
