"""Images that a viewer shows turned, in the layouts: sizes and boxes belong to what is read."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.manifest import BOX_COLUMNS, pictures, read_csv, read_images
from tests.editing import rewrite
from tests.steps.data.layouts import run

TURNED = 6  # EXIF: the camera was turned to the right


def turn(path, orientation=TURNED):
    """Give an image file an orientation, and leave its pixels."""
    with Image.open(path) as image:
        data = Image.Exif()
        data[0x112] = orientation
        pixels = image.convert("RGB")
    pixels.save(path, "JPEG", quality=95, exif=data)


def swap_size(xml):
    """Annotate an image as a viewer shows it: its size is turned, and so are its boxes."""
    text = xml.read_text()
    width, height = (int(re.search(f"<{side}>(\\d+)", text)[1]) for side in ("width", "height"))
    text = re.sub(r"<width>\d+", f"<width>{height}", text)
    text = re.sub(r"<height>\d+", f"<height>{width}", text)
    rewrite(xml, re.sub(r"(<[xy](?:min|max)>)\d+", r"\g<1>3", text))


def notes_of(out):
    return json.loads((out / "summary.json").read_text())["notes"]


def shapes_agree(root, images):
    """Tell whether the sizes of a manifest are those of what its views decode to."""
    sizes = [open_rgb(*picture).size for picture in pictures(images, root)]
    return sizes == list(zip(images["width"], images["height"], strict=True))


@pytest.mark.parametrize("layout", ["photographs"])
def test_photographs_are_read_as_a_viewer_shows_them(layout, root, tmp_path):
    turn(root / "3.jpg")
    assert run(layout, root, tmp_path / "out") == 0
    images = read_images(tmp_path / "out" / "images.csv")
    assert set(images["view"]) == {"shown"}
    assert shapes_agree(root, images)
    assert (
        "1 image with an orientation in their metadata: read as a viewer shows them."
        in notes_of(tmp_path / "out")
    )


@pytest.mark.parametrize("layout", ["ilsvrc-val"])
def test_a_published_set_keeps_its_pixels_and_counts_what_is_affected(layout, root, tmp_path):
    turn(root / "val" / "ILSVRC2012_val_00000003.JPEG")
    assert run(layout, root, tmp_path / "out") == 0
    images = read_images(tmp_path / "out" / "images.csv")
    assert set(images["view"]) == {"stored"}
    assert shapes_agree(root, images)
    assert notes_of(tmp_path / "out") == [
        "1 image with an orientation in their metadata: read as stored, as published."
    ]
    assert run(layout, root, tmp_path / "shown", "--view", "shown") == 0
    shown = read_images(tmp_path / "shown" / "images.csv").set_index("image_id")
    stored = images.set_index("image_id")
    turned = "ILSVRC2012_val_00000003"
    # Its annotation is of what is stored: it is an exception to the view that was asked for.
    assert shown["view"].drop(turned).eq("shown").all()
    assert shown.loc[turned, "view"] == "stored"
    assert shown[["width", "height"]].equals(stored[["width", "height"]])


@pytest.mark.parametrize("layout", ["ilsvrc-val"])
def test_an_image_that_was_annotated_as_shown_is_read_as_shown(layout, root, tmp_path):
    name = "ILSVRC2012_val_00000004"
    turn(root / "val" / f"{name}.JPEG")
    swap_size(root / "bbox" / "val" / f"{name}.xml")
    assert run(layout, root, tmp_path / "out") == 0
    images = read_images(tmp_path / "out" / "images.csv")
    assert images.loc[images["view"] == "shown", "image_id"].tolist() == [name]
    assert shapes_agree(root, images)
    boxes = read_csv(tmp_path / "out" / "boxes.csv", BOX_COLUMNS)
    corners = boxes.loc[boxes["image_id"] == name, ["x0", "y0", "x1", "y1"]].to_numpy()
    assert (corners == (3, 3, 4, 4)).all()
    assert "1 image of these read as a viewer shows them, as annotated." in notes_of(
        tmp_path / "out"
    )


@pytest.mark.parametrize("layout", ["ilsvrc-val"])
def test_boxes_are_scaled_only_where_the_aspect_agrees(layout, root, tmp_path, capsys):
    xml = root / "bbox" / "val" / "ILSVRC2012_val_00000005.xml"
    text = xml.read_text()
    width = int(re.search(r"<width>(\d+)", text)[1])
    height = int(re.search(r"<height>(\d+)", text)[1])
    assert run(layout, root, tmp_path / "plain") == 0
    twice = re.sub(r"<(width|height|[xy]m..)>(\d+)", lambda m: f"<{m[1]}>{2 * int(m[2])}", text)
    rewrite(xml, twice)
    assert run(layout, root, tmp_path / "twice") == 0
    plain, scaled = (
        read_csv(tmp_path / name / "boxes.csv", BOX_COLUMNS) for name in ("plain", "twice")
    )
    corners = ["x0", "y0", "x1", "y1"]
    # Corners are inclusive in the file: the last pixel of twice the image is half a pixel of this one.
    np.testing.assert_allclose(plain[corners], scaled[corners], atol=0.5)
    capsys.readouterr()
    rewrite(xml, text.replace(f"<width>{width}", f"<width>{2 * width}"))
    assert run(layout, root, tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"error: {xml}: is of {2 * width}x{height} pixels, its image of {width}x{height}; "
        "one is wrong, or leave such files out (images.unreadable: skip)"
    )
    assert run(layout, root, tmp_path / "out", "--unreadable", "skip") == 0
    assert "1 annotation cannot be used and is left out." in notes_of(tmp_path / "out")
    left = read_csv(tmp_path / "out" / "boxes.csv", BOX_COLUMNS)
    assert xml.stem not in set(left["image_id"])


@pytest.mark.parametrize("layout", ["ilsvrc-val"])
def test_all_offending_files_are_listed_at_once_the_first_ten_by_name(
    layout, root, tmp_path, capsys
):
    spoilt = sorted((root / "bbox" / "val").glob("*.xml"))[:12]
    for path in spoilt:
        rewrite(path, "<annotation>")
    assert run(layout, root, tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert all(str(path) in line for path in spoilt[:10])
    assert not any(str(path) in line for path in spoilt[10:])
    assert "; and 2 more; " in line
    assert not (tmp_path / "out" / "images.csv").exists()


@pytest.mark.parametrize("layout", ["text"])
def test_words_are_scaled_to_the_file_or_refused(layout, root, tmp_path, capsys):
    xml = root / "svt1" / "train.xml"
    assert run(layout, root, tmp_path / "plain") == 0
    plain = read_csv(tmp_path / "plain" / "boxes.csv", BOX_COLUMNS)
    name = plain["image_id"].iloc[0]
    with Image.open(root / name) as image:
        half = image.resize((image.width // 2, image.height // 2))
    half.save(root / name, "JPEG")
    assert run(layout, root, tmp_path / "half") == 0
    halved = read_csv(tmp_path / "half" / "boxes.csv", BOX_COLUMNS)
    corners = ["x0", "y0", "x1", "y1"]
    is_of = plain["image_id"] == name
    np.testing.assert_allclose(halved[is_of][corners], plain[is_of][corners] / 2, atol=1)
    assert halved[~is_of].equals(plain[~is_of])
    half.resize((half.width, half.height // 2)).save(root / name, "JPEG")
    capsys.readouterr()
    assert run(layout, root, tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {xml}: {name.removeprefix('svt1/')} is of ")


@pytest.mark.parametrize("layout", ["scenes"])
def test_polygons_of_a_turned_image_are_of_what_they_were_drawn_on(layout, root, tmp_path):
    assert run(layout, root, tmp_path / "plain") == 0
    images = read_images(tmp_path / "plain" / "images.csv")
    row = images[images["width"] != images["height"]].iloc[0]
    turn(root / row["path"])
    assert run(layout, root, tmp_path / "stored") == 0
    xml = (root / row["path"].replace("Images", "Annotations")).with_suffix(".xml")
    text = xml.read_text()
    rows, columns = (re.search(rf"<{tag}>\s*(\d+)", text)[1] for tag in ("nrows", "ncols"))
    assert rows != columns
    text = re.sub(r"(<nrows>\s*)\d+", rf"\g<1>{columns}", text)
    rewrite(xml, re.sub(r"(<ncols>\s*)\d+", rf"\g<1>{rows}", text))
    assert run(layout, root, tmp_path / "shown") == 0
    for out, view in (("stored", "stored"), ("shown", "shown")):
        found = read_images(tmp_path / out / "images.csv").set_index("image_id")
        if row["image_id"] in found.index:
            assert found.loc[row["image_id"], "view"] == view
            assert shapes_agree(root, found.reset_index())
