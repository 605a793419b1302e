"""The synthetic SUN2012: its files by an independent parser, its ground truth, and its reader."""

import re
import xml.etree.ElementTree as ET
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.polygons import cells, from_text
from pipeline_lib.data.discovery.scenes import read_scenes
from pipeline_lib.data.synthetic.annotated_scenes import (
    FULLY_ANNOTATED,
    OWN_SHAPES,
    PARTLY_ANNOTATED,
    PLACES,
    RARE_PLACE_IMAGES,
)
from pipeline_lib.steps.data import synthesize

from .conftest import tree


def drawn(folder, processes=1):
    flags = ["--layout", "scenes", "--seed", "3", "--processes", processes, "--out", folder]
    assert synthesize.main([str(flag) for flag in flags]) == 0
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("drawn") / "scenes")


@pytest.fixture(scope="module")
def read(folder):
    return read_scenes(
        folder, categories=PLACES, min_images=20, coverage=0.8, short_polygons="refuse"
    )


def parsed(folder):
    """{image: [(name as typed, deleted, points)]}"""
    objects = {}
    for path in (folder / "SUN2012" / "Annotations").rglob("*.xml"):
        root = ET.parse(path).getroot()
        objects[path.stem] = [
            (
                one.find("name").text,
                int(one.find("deleted").text),
                [(int(p.find("x").text), int(p.find("y").text)) for p in one.iter("pt")],
            )
            for one in root.iter("object")
        ]
        image = path.parent.as_posix().replace("Annotations", "Images")
        with Image.open(f"{image}/{path.stem}.jpg") as picture:
            size = [int(root.find(f"imagesize/{tag}").text) for tag in ("ncols", "nrows")]
            assert list(picture.size) == size
        assert root.find("filename").text.strip() == f"{path.stem}.jpg"
        assert path.parent.as_posix().endswith("/" + root.find("folder").text.strip())
    return objects


def test_the_layout_is_sun2012s(folder):
    assert [path.name for path in folder.iterdir()] == ["SUN2012"]
    images = sorted((folder / "SUN2012" / "Images").rglob("*.jpg"))
    assert len(images) == PLACES * (FULLY_ANNOTATED + PARTLY_ANNOTATED) + RARE_PLACE_IMAGES
    for path in images:
        below = path.relative_to(folder / "SUN2012" / "Images").as_posix()
        assert re.fullmatch(r"([a-z])/\1[a-z_]+(/outdoor)?/sun_[a-z]{16}\.jpg", below)


def test_the_quirks_of_labelme_are_in_it(folder):
    objects = [one for image in parsed(folder).values() for one in image]
    assert all(name.startswith("\n") and name.endswith("\n") for name, *_ in objects)
    typed = Counter(name.strip() for name, *_ in objects)
    assert {"cieling", "ceiling", "Sky", "sky", "", "zebra", "tile"} <= set(typed)
    tagged = {name.rpartition(" ")[2] for name in typed}
    assert {"occluded", "crop"} <= tagged
    assert {name for name, deleted, _ in objects if deleted} == {"\nzebra\n"}
    assert all(points[0] != points[-1] for *_, points in objects)  # left open
    assert min(min(point) for *_, points in objects for point in points) < 0


def test_the_reader_takes_the_places_that_are_annotated(read):
    assert sorted(label for label, *_ in read.classes) == sorted(
        f"{shape}_place" + "/outdoor" * (shape == OWN_SHAPES[1]) for shape in OWN_SHAPES[:PLACES]
    )
    assert len(read.images) == PLACES * FULLY_ANNOTATED
    assert not {"zebra", "cieling", "", "Sky"} & set(read.annotations["name"])
    notes = " ".join(read.summary.notes)
    assert "1 image of 146 without an annotation" in notes
    assert f"{PLACES} marked as deleted, {PLACES} without a name" in notes


def test_own_kinds_are_nearly_everywhere_at_home_and_common_ones_anywhere(read):
    label_of = {row[0]: row[2] for row in read.images}
    place = read.annotations["image_id"].map(label_of)
    counts = (
        read.annotations.assign(place=place)
        .groupby(["name", "place"])["image_id"]
        .nunique()
        .unstack(fill_value=0)
    )
    for shape in OWN_SHAPES[:PLACES]:
        home = next(label for label in counts if label.startswith(f"{shape}_"))
        assert counts.loc[shape, home] >= 0.8 * FULLY_ANNOTATED
        assert counts.loc[shape].drop(home).max() <= 0.2 * FULLY_ANNOTATED
    for common in ("kite", "cross", "arch", "oval"):
        assert counts.loc[common].min() >= 0.1 * FULLY_ANNOTATED
        assert counts.loc[common].max() - counts.loc[common].min() <= 8


def test_outlines_lie_where_the_objects_are(read, folder):
    paths = {row[0]: row[1] for row in read.images}
    own = read.annotations[read.annotations["name"].isin(OWN_SHAPES)]
    contrasts = []
    for one in own.head(60).itertuples():
        with Image.open(folder / paths[one.image_id]) as image:
            picture, size = np.asarray(image.convert("RGB"), float), image.size
        outline = from_text(one.polygon)
        centre = outline.mean(axis=0)
        inside = cells(outline, size, size)
        ring = cells(centre + 1.3 * (outline - centre), size, size) & ~inside
        contrasts.append(picture[inside].std() / picture[ring].std())
    assert np.median(contrasts) > 1.2  # textured objects on faint surroundings


def test_processes_change_no_byte(folder, tmp_path):
    assert tree(drawn(tmp_path / "scenes", processes=2)) == tree(folder)
