"""The synthetic scene sets: SUN397, MIT Indoor67, Scene15, SUN Attribute.

As published, SUN397 has nested classes, a slash before the paths in its lists, and a .jpg file that is a
GIF; MIT Indoor67 has a .JPG file; Scene15 is mostly grayscale; SUN Attribute's labels are means of three
votes, one of which is noisy.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.annotation_files import cells, write_lines, write_mat
from pipeline_lib.data.synthetic.compositions import FEW_OBJECTS, HORIZONS, Composition, places
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageContent, ImageSpec
from pipeline_lib.data.synthetic.kinds import KINDS
from pipeline_lib.data.synthetic.scenes import Backdrop, Style
from pipeline_lib.data.synthetic.sizes import MINI, SUN397, Size

PARTITIONS = 3  # of SUN397's official ten
ATTRIBUTE_IMAGES = 200  # a third or more have an attribute: 12 for training, the rest for testing
WRONG_VOTE_RATE = 0.25  # how often one of the three votes is wrong

VARIED = Style(reach=(0.16, 0.42), others=0.8, clutter=(1, 3))  # small and large objects
UNCLUTTERED = replace(FEW_OBJECTS, reach=(0.3, 0.42), clutter=(0, 1))

_NOUNS = tuple(HORIZONS)


def write_sun397(
    folder: Path,
    rng: np.random.Generator,
    draw: DrawImages,
    size: Size = SUN397,
    *,
    names: Sequence[str] | None = None,
    partitions: int = PARTITIONS,
) -> None:
    """Write ``<letter>/<class>[/<subclass>]/sun_*.jpg``, ``ClassName.txt``, ``Partitions/``.

    ``names`` are the classes'; without them, they are made up.
    """
    classes = places(size.classes, 1, _NOUNS)
    classes[1] = replace(classes[1], name=f"{classes[1].name}/outdoor")
    if names is not None:
        classes = [replace(each, name=name) for each, name in zip(classes, names, strict=True)]
    classes.sort(key=lambda place: place.name)
    images = {
        place: [sun_name(place, rng) for _ in range(size.images(index))]
        for index, place in enumerate(classes)
    }
    draw(
        [
            ImageSpec(path, place, "GIF" if place is classes[0] and path == paths[0] else "RGB")
            for place, paths in images.items()
            for path in paths
        ]
    )
    lists = folder / "Partitions"
    lists.mkdir()
    folders = [f"/{place.name[0]}/{place.name}" for place in classes]
    for parent in (folder, lists):
        write_lines(parent / "ClassName.txt", folders)
    for number in range(1, partitions + 1):
        subsets: dict[str, list[str]] = {"Training": [], "Testing": []}
        for index, paths in enumerate(images.values()):
            order = [f"/{path}" for path in rng.permutation(paths).tolist()]
            train, test = size.split(index)
            subsets["Training"] += order[:train]
            subsets["Testing"] += order[train : train + test]
        for subset, lines in subsets.items():
            write_lines(lists / f"{subset}_{number:02}.txt", lines)


def write_indoor67(
    folder: Path, rng: np.random.Generator, draw: DrawImages, size: Size = MINI
) -> None:
    """Write ``Images/<class>/*.jpg``, ``TrainImages.txt`` and ``TestImages.txt``."""
    specs, subsets = [], {"Train": [], "Test": []}
    for number, place in enumerate(places(size.classes, 2, ("hall",))):
        train, test = size.split(number)
        for index in range(train + test):
            suffix = "JPG" if index == 0 else "jpg"
            path = f"{place.name}/{place.name}_{rng.integers(10**6):06}_{index}.{suffix}"
            specs.append(ImageSpec(f"Images/{path}", place))
            subsets["Train" if index < train else "Test"].append(path)
    draw(specs)
    for subset, paths in subsets.items():
        write_lines(folder / f"{subset}Images.txt", paths)


def write_scene15(
    _folder: Path, _rng: np.random.Generator, draw: DrawImages, size: Size = MINI
) -> None:
    """Write ``<class>/image_NNNN.jpg``; every tenth image is in colour."""
    # In grayscale a faint texture vanishes, and networks of the synthetic ILSVRC saw only colour images.
    classes = [
        replace(place, backdrop=replace(place.backdrop, contrast=0.8), style=UNCLUTTERED)
        for place in places(size.classes, 3, _NOUNS)
    ]
    draw(
        [
            ImageSpec(
                f"{place.name}/image_{number:04}.jpg", place, "RGB" if number % 10 == 0 else "L"
            )
            for index, place in enumerate(classes)
            for number in range(1, size.images(index) + 1)
        ]
    )


# The condition for each attribute of an image; no class coincides with an attribute.
ATTRIBUTES: dict[str, Callable[[ImageContent, Backdrop], bool]] = {
    "open area": lambda content, backdrop: backdrop.horizon > 0,
    "crowded": lambda content, backdrop: len(content.objects) == 3,
    "large thing": lambda content, backdrop: any(
        max(x1 - x0, y1 - y0) > 0.5 * min(content.size)
        for x0, y0, x1, y1 in (each.box for each in content.objects)
    ),
    "round things": lambda content, backdrop: any(
        each.kind.shape in ("disc", "oval") for each in content.objects
    ),
    "wavy things": lambda content, backdrop: any(
        each.kind.texture in ("wavy", "ringed") for each in content.objects
    ),
    "checked things": lambda content, backdrop: any(
        each.kind.texture in ("checked", "netted") for each in content.objects
    ),
    "spotted things": lambda content, backdrop: any(
        each.kind.texture in ("dotted", "speckled") for each in content.objects
    ),
    "bolts": lambda content, backdrop: any("bolt" in each.kind.part for each in content.objects),
}


def write_sun_attribute(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    """Write ``images/<letter>/<class>/sun_*.jpg``, and three .mat files: names, attributes, votes."""
    classes = places(MINI.classes, 4, _NOUNS)
    compositions = [
        replace(
            classes[index % MINI.classes], objects=(KINDS,) * int(rng.integers(1, 4)), style=VARIED
        )
        for index in range(ATTRIBUTE_IMAGES)
    ]
    paths = [sun_name(composition, rng) for composition in compositions]
    contents = draw(
        [
            ImageSpec(f"images/{path}", composition)
            for path, composition in zip(paths, compositions, strict=True)
        ]
    )
    truth = np.array(
        [
            [has_attribute(content, composition.backdrop) for has_attribute in ATTRIBUTES.values()]
            for content, composition in zip(contents, compositions, strict=True)
        ]
    )
    wrong = rng.random(truth.shape) < WRONG_VOTE_RATE
    write_votes(folder, paths, list(ATTRIBUTES), np.where(truth, 3 - wrong, 0 + wrong) / 3)


def write_votes(
    folder: Path, paths: Sequence[str], attributes: Sequence[str], votes: np.ndarray
) -> None:
    """Write SUN Attribute's files; ``votes`` (images, attributes) are means of three, in [0, 1]."""
    write_mat(folder / "images.mat", {"images": cells(paths)})
    write_mat(folder / "attributes.mat", {"attributes": cells(attributes)})
    write_mat(folder / "attributeLabels_continuous.mat", {"labels_cv": votes})


def sun_name(composition: Composition, rng: np.random.Generator) -> str:
    """Return a path for a new image of a class, as in SUN: ``<letter>/<class>/sun_*.jpg``."""
    letters = "".join(string.ascii_lowercase[index] for index in rng.integers(26, size=16))
    return f"{composition.name[0]}/{composition.name}/sun_{letters}.jpg"
