"""SUN2012's layout in miniature: which images count as annotated, which categories are taken."""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.polygons import from_text
from pipeline_lib.data.discovery.scenes import PAPER_CATEGORIES, read_scenes
from pipeline_lib.steps.data import index
from pipeline_lib.study.configuration.discovery import PAPER_SCENES, ScenesSection

WIDTH, HEIGHT = 40, 30


def read(root, **options):
    """Read with the configuration's defaults for what is not given."""
    keys = ("categories", "min_images", "coverage", "short_polygons")
    return read_scenes(root, **{key: getattr(ScenesSection(), key) for key in keys} | options)


def annotate(path, *fractions, name="wall"):
    """Outline the image from its top down to each given fraction of its height."""
    objects = ""
    for fraction in fractions:
        bottom = round(HEIGHT * fraction)
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
            for number, fraction in enumerate(covered):
                name = f"{folder[0]}/{folder}/sun_{number}"
                image = tmp_path / "SUN2012" / "Images" / f"{name}.jpg"
                image.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (WIDTH, HEIGHT)).save(image)
                if fraction is not None:
                    annotate(tmp_path / "SUN2012" / "Annotations" / f"{name}.xml", fraction)
        return tmp_path

    return make


def categories(image_set):
    return [label for label, *_ in image_set.classes]


def test_the_largest_categories_with_enough_annotated_images_are_taken(plant):
    root = plant(attic=[1, 1, 1], bar=[1, 1, 0.5, None], cave__inner=[1] * 4, den=[1], eden=[1, 1])
    image_set = read(root, categories=3, min_images=2)
    assert categories(image_set) == ["cave/inner", "attic", "bar"]
    assert categories(read(root, categories=9, min_images=2)) == [*categories(image_set), "eden"]
    assert categories(read(root, categories=9, min_images=1, coverage=0.4))[:3] == [
        *("cave/inner", "attic", "bar")
    ]
    labels = pd.Series([row[2] for row in image_set.images]).value_counts().to_dict()
    assert labels == {"cave/inner": 4, "attic": 3, "bar": 2}
    assert image_set.images[0] == (
        *("c/cave/inner/sun_0.jpg", "SUN2012/Images/c/cave/inner/sun_0.jpg", "cave/inner"),
        *(WIDTH, HEIGHT, 0),
    )
    assert image_set.classes[0] == ("cave/inner", 1, "cave, inner")
    assert list(image_set.annotations) == ["image_id", "name", "polygon"]
    assert list(image_set.annotations["image_id"]) == [row[0] for row in image_set.images]
    assert from_text(image_set.annotations["polygon"][0]).tolist() == [
        *([0.5, 0.5], [39.5, 0.5], [39.5, 29.5], [0.5, 29.5])
    ]
    notes = " ".join(image_set.summary.notes)
    assert "9 images of 3 categories: cave, inner 4, attic 3, bar 2." in notes
    assert "4 categories have 2 such images or more; the largest were taken." in notes
    assert "1 image of 14 without an annotation." in notes
    assert (image_set.summary.found, image_set.summary.expected) == (9, 4675)


@pytest.mark.parametrize(
    ("fraction", "coverage", "counts"), [(0.8, 0.75, 2), (0.7, 0.75, 0), (0, 0, 2)]
)
def test_an_image_is_annotated_if_objects_cover_enough_of_it(plant, fraction, coverage, counts):
    root = plant(attic=[1, 1], bar=[fraction or None, fraction or None])
    if fraction == 0:
        for number in range(2):
            annotate(root / f"SUN2012/Annotations/b/bar/sun_{number}.xml")  # nothing in it
    if counts:
        image_set = read(root, categories=2, min_images=2, coverage=coverage)
        assert categories(image_set) == ["attic", "bar"]
    else:
        with pytest.raises(
            InputError, match=r"'attic' has the most, 2; .* lower scenes.min_images"
        ):
            read(root, categories=2, min_images=2, coverage=coverage)


def test_overlapping_objects_cover_a_place_once(plant):
    root = plant(attic=[1, 1], bar=[1, 1], cave=[1, 1])
    annotate(root / "SUN2012/Annotations/b/bar/sun_0.xml", 0.5, 0.5, 0.4)
    assert categories(read(root, categories=3, min_images=2)) == ["attic", "cave"]


def test_named_categories_are_taken_and_notes_say_which_lack_images(plant):
    root = plant(attic=[1, 1], bathroom=[1, 1, 1], kitchen=[1], street=[1, 1])
    image_set = read(root, min_images=2)
    assert categories(image_set) == ["bathroom", "street"]
    assert "Left out, with fewer than 2 such images: bedroom 0," in " ".join(
        image_set.summary.notes
    )
    assert "The categories are the paper's." in image_set.summary.notes
    assert list(PAPER_CATEGORIES) == PAPER_SCENES
    image_set = read(root, min_images=2, categories=["street", "attic"])
    assert categories(image_set) == ["street", "attic"]
    assert "They were named." in image_set.summary.notes


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ({}, "Images: no .jpg image in it; unpack SUN2012.tar.gz there"),
        (
            {"attic": [None, None]},
            "SUN2012: needs two of the requested categories .*; none has any; unpack",
        ),
        (
            {"attic": [1, 1]},
            "SUN2012: needs two of the requested categories .* 'attic' has the most, 2",
        ),
    ],
)
def test_too_few_images_are_refused_in_a_line(plant, planted, words):
    root = plant(**planted)
    with pytest.raises(InputError, match=words) as caught:
        read(root, categories=2, min_images=1)
    assert "\n" not in str(caught.value)


def test_irregular_annotations_are_counted_in_the_notes(plant):
    root = plant(attic=[1], bar=[1])
    path = root / "SUN2012/Annotations/a/attic/sun_0.xml"
    square = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((99, 9), (120, 9), (99, 80)))
    more = (
        f"<object><name>lamp</name><polygon>{square}</polygon></object>"
        "<object><name>zebra</name><deleted>1</deleted></object>"
        "<object><name>dot</name><polygon><pt><x>1</x><y>1</y></pt></polygon></object></annotation>"
    )
    path.write_text(path.read_text().replace("</annotation>", more).replace("wall", "walls"))
    image_set = read(root, categories=2, min_images=1, short_polygons="skip")
    assert set(image_set.annotations["name"]) == {"wall"}
    assert image_set.summary.notes[-2:] == [
        "Polygons left out: 1 marked as deleted, 1 of fewer than three points, 1 outside the image.",
        "1 name corrected (tags, spelling, number) by labelme.yaml.",
    ]


def test_the_step_writes_the_tables_and_refuses_unknown_options(plant, tmp_path, capsys):
    root = plant(attic=[1, 1], bar=[1, 1])
    flags = ["--layout", "scenes", "--root", str(root)]
    for name in ("images.csv", "annotations.csv", "summary.json"):
        flags += [f"--{name.partition('.')[0]}", str(tmp_path / name)]
    assert index.main([*flags, "--option", "categories=2", "--option", "min_images=2"]) == 0
    assert len(pd.read_csv(tmp_path / "annotations.csv", comment="#")) == 4
    assert json.loads((tmp_path / "summary.json").read_text())["found"] == 4
    assert index.main([*flags, "--option", "coverage=2"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "error: --option coverage: 2 must be at most 1"
    assert index.main([*flags, "--option", "colour=2"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        "error: --option colour: scenes has categories, min_images, coverage, short_polygons"
    )


def test_a_polygon_of_two_points_is_one_line(plant, capsys, tmp_path):
    root = plant(attic=[1, 1], bar=[1, 1])
    path = root / "SUN2012/Annotations/b/bar/sun_1.xml"
    text = path.read_text()
    path.write_text(text.replace("<pt><x>1</x><y>30</y></pt>", "").replace("<x>40</x><y>30</y>", "")
                    .replace("<pt></pt>", ""))  # fmt: skip
    flags = ["--layout", "scenes", "--root", str(root), "--images", str(tmp_path / "images.csv")]
    assert index.main([*flags, "--option", "categories=2", "--option", "min_images=2"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path}: object 1, 'wall', is a polygon of 2 points" in line
    assert not (tmp_path / "images.csv").exists()
