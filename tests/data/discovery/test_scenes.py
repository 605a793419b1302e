"""SUN2012's layout in miniature: which images count as annotated, which categories are taken."""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.polygons import from_text
from pipeline_lib.data.discovery.scenes import CATEGORIES, read_scenes
from pipeline_lib.steps.data import index

WIDTH, HEIGHT = 40, 30


def annotate(path, *parts, name="wall"):
    """Outline the upper part of the image, from its top down to each given part of its height."""
    objects = ""
    for part in parts:
        bottom = round(HEIGHT * part)
        corners = ((1, 1), (WIDTH, 1), (WIDTH, bottom), (1, bottom))
        points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in corners)
        objects += f"<object><name>{name}</name><polygon>{points}</polygon></object>"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<annotation>{objects}</annotation>")


@pytest.fixture
def plant(tmp_path):
    def make(**covered_of):
        """Images of each category, given how much of each is covered; None: no annotation."""
        for category, covered in covered_of.items():
            folder = category.replace("__", "/")
            for number, part in enumerate(covered):
                name = f"{folder[0]}/{folder}/sun_{number}"
                image = tmp_path / "SUN2012" / "Images" / f"{name}.jpg"
                image.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (WIDTH, HEIGHT)).save(image)
                if part is not None:
                    annotate(tmp_path / "SUN2012" / "Annotations" / f"{name}.xml", part)
        return tmp_path

    return make


def categories(found):
    return [label for label, *_ in found.classes]


def test_the_most_numerous_categories_with_enough_annotated_images_are_taken(plant):
    root = plant(attic=[1, 1, 1], bar=[1, 1, 0.5, None], cave__inner=[1] * 4, den=[1], eden=[1, 1])
    found = read_scenes(root, categories=3, least=2)
    assert categories(found) == ["cave/inner", "attic", "bar"]
    assert categories(read_scenes(root, categories=9, least=2)) == [*categories(found), "eden"]
    assert categories(read_scenes(root, categories=9, least=1, coverage=0.4))[:3] == [
        *("cave/inner", "attic", "bar")
    ]
    labels = pd.Series([row[2] for row in found.images]).value_counts().to_dict()
    assert labels == {"cave/inner": 4, "attic": 3, "bar": 2}
    assert found.images[0] == (
        *("c/cave/inner/sun_0.jpg", "SUN2012/Images/c/cave/inner/sun_0.jpg", "cave/inner"),
        *(WIDTH, HEIGHT, 0),
    )
    assert found.classes[0] == ("cave/inner", 1, "cave, inner")
    assert list(found.annotations) == ["image_id", "name", "polygon"]
    assert list(found.annotations["image_id"]) == [row[0] for row in found.images]
    assert from_text(found.annotations["polygon"][0]).tolist() == [
        *([0.5, 0.5], [39.5, 0.5], [39.5, 29.5], [0.5, 29.5])
    ]
    notes = " ".join(found.summary.notes)
    assert "9 images of 3 categories: cave, inner 4, attic 3, bar 2." in notes
    assert "4 categories have 2 such images or more; the most numerous were taken." in notes
    assert "1 image of 14 without an annotation." in notes
    assert (found.summary.found, found.summary.expected) == (9, 4675)


@pytest.mark.parametrize(
    ("part", "coverage", "counts"), [(0.8, 0.75, 2), (0.7, 0.75, 0), (0, 0, 2)]
)
def test_an_image_is_annotated_where_things_cover_enough_of_it(plant, part, coverage, counts):
    root = plant(attic=[1, 1], bar=[part or None, part or None])
    if part == 0:
        for number in range(2):
            annotate(root / f"SUN2012/Annotations/b/bar/sun_{number}.xml")  # nothing in it
    if counts:
        found = read_scenes(root, categories=2, least=2, coverage=coverage)
        assert categories(found) == ["attic", "bar"]
    else:
        with pytest.raises(InputError, match=r"'attic' has the most, 2; .* lower scenes.least"):
            read_scenes(root, categories=2, least=2, coverage=coverage)


def test_things_that_lie_over_each_other_cover_a_place_once(plant):
    root = plant(attic=[1, 1], bar=[1, 1], cave=[1, 1])
    annotate(root / "SUN2012/Annotations/b/bar/sun_0.xml", 0.5, 0.5, 0.4)
    assert categories(read_scenes(root, categories=3, least=2)) == ["attic", "cave"]


def test_named_categories_are_taken_and_those_that_lack_images_are_said(plant):
    root = plant(attic=[1, 1], bathroom=[1, 1, 1], kitchen=[1], street=[1, 1])
    found = read_scenes(root, least=2)
    assert categories(found) == ["bathroom", "street"]
    assert "Left out, with fewer than 2 such images: bedroom 0," in " ".join(found.summary.notes)
    assert "The categories are the paper's." in found.summary.notes
    assert len(CATEGORIES) == 10
    found = read_scenes(root, least=2, categories=["street", "attic"])
    assert categories(found) == ["street", "attic"]
    assert "They were named." in found.summary.notes


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ({}, "Images: no .jpg image in it; unpack SUN2012.tar.gz there"),
        ({"attic": [None, None]}, "SUN2012: two of the categories .*; none has any; unpack"),
        ({"attic": [1, 1]}, "SUN2012: two of the categories .* 'attic' has the most, 2"),
    ],
)
def test_too_few_images_are_refused_in_a_line(plant, planted, words):
    root = plant(**planted)
    with pytest.raises(InputError, match=words) as caught:
        read_scenes(root, categories=2, least=1)
    assert "\n" not in str(caught.value)


def test_what_is_odd_is_counted_in_the_notes(plant):
    root = plant(attic=[1], bar=[1])
    path = root / "SUN2012/Annotations/a/attic/sun_0.xml"
    square = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((99, 9), (120, 9), (99, 80)))
    more = (
        f"<object><name>lamp</name><polygon>{square}</polygon></object>"
        "<object><name>zebra</name><deleted>1</deleted></object>"
        "<object><name>dot</name><polygon><pt><x>1</x><y>1</y></pt></polygon></object></annotation>"
    )
    path.write_text(path.read_text().replace("</annotation>", more).replace("wall", "walls"))
    found = read_scenes(root, categories=2, least=1, short_polygons="skip")
    assert set(found.annotations["name"]) == {"wall"}
    assert found.summary.notes[-2:] == [
        "Polygons left out: 1 marked as deleted, 1 of fewer than three points, 1 outside the image.",
        "1 name corrected (tags, spelling, number) by labelme.yaml.",
    ]


def test_the_step_writes_the_tables_and_refuses_unknown_options(plant, tmp_path, capsys):
    root = plant(attic=[1, 1], bar=[1, 1])
    flags = ["--layout", "scenes", "--root", str(root)]
    for name in ("images.csv", "annotations.csv", "summary.json"):
        flags += [f"--{name.partition('.')[0]}", str(tmp_path / name)]
    assert index.main([*flags, "--option", "categories=2", "--option", "least=2"]) == 0
    assert len(pd.read_csv(tmp_path / "annotations.csv")) == 4
    assert json.loads((tmp_path / "summary.json").read_text())["found"] == 4
    assert index.main([*flags, "--option", "colour=2"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        "error: --option colour: scenes has categories, least, coverage, short_polygons"
    )


def test_a_polygon_of_two_points_is_one_line(plant, capsys, tmp_path):
    root = plant(attic=[1, 1], bar=[1, 1])
    path = root / "SUN2012/Annotations/b/bar/sun_1.xml"
    text = path.read_text()
    path.write_text(text.replace("<pt><x>1</x><y>30</y></pt>", "").replace("<x>40</x><y>30</y>", "")
                    .replace("<pt></pt>", ""))  # fmt: skip
    flags = ["--layout", "scenes", "--root", str(root), "--images", str(tmp_path / "images.csv")]
    assert index.main([*flags, "--option", "categories=2", "--option", "least=2"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path}: object 1, 'wall', is a polygon of 2 points" in line
    assert not (tmp_path / "images.csv").exists()
