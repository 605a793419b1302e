"""The world's masks against its boxes, and against polygons filled by another library."""

import xml.etree.ElementTree as ET

import numpy as np
from PIL import Image, ImageDraw

from pipeline_lib.data.synthetic.ilsvrc import scene_of
from pipeline_lib.data.synthetic.object_masks import write_mask

SEED = 5  # of tiny_world


def gray(path):
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image)


def box_round(mask):
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def true_boxes(path):
    tags = ("xmin", "ymin", "xmax", "ymax")
    return [
        [int(element.findtext(f"bndbox/{tag}")) + (tag[1:] == "max") for tag in tags]
        for element in ET.parse(path).iter("object")
    ]


def test_the_box_round_the_mask_of_a_single_object_is_the_true_box(tmp_path):
    single = 0
    for index in range(150):
        _, scene = scene_of(SEED, "val", index)
        height, width, _ = scene.image.shape
        write_mask(tmp_path / "mask.png", (width, height), scene.objects)
        box = scene.objects[0].box
        # Where the border cuts an object off, its box may have been made by what lies outside.
        if len(scene.objects) == 1 and min(box[:2]) > 0 and box[2] < width and box[3] < height:
            single += 1
            assert np.abs(box_round(gray(tmp_path / "mask.png")) - box).max() <= 1
    assert single >= 15


def test_masks_have_two_tones_their_images_sizes_and_lie_in_the_boxes(tiny_world):
    for path in sorted((tiny_world / "masks" / "val").iterdir()):
        mask = gray(path)
        assert set(np.unique(mask)) == {0, 255}
        with Image.open(tiny_world / "val" / f"{path.stem}.JPEG") as image:
            assert image.size == mask.shape[::-1]
        boxes = np.array(true_boxes(tiny_world / "bbox" / "val" / f"{path.stem}.xml"))
        united = np.array([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
        assert ((box_round(mask) - united) * (1, 1, -1, -1)).min() >= -1


def test_all_objects_of_an_image_are_in_its_mask(tiny_world):
    several = 0
    for path in sorted((tiny_world / "masks" / "val").iterdir()):
        mask = gray(path) > 0
        _, scene = scene_of(SEED, "val", int(path.stem[-8:]) - 1)
        several += len(scene.objects) > 1
        filled = Image.new("1", mask.shape[::-1])
        for each in scene.objects:
            corners = [tuple(point) for point in each.polygon]
            ImageDraw.Draw(filled).polygon(corners, fill=1)
        # Libraries differ at the border only.
        reference = np.asarray(filled)
        assert (mask & reference).sum() > 0.93 * (mask | reference).sum()
    assert several > 0


def test_a_birds_gray_is_a_share_of_five_annotators(sets):
    root = sets / "CUB_200_2011"
    rows = [
        (root / f"{name}.txt").read_text().splitlines() for name in ("images", "bounding_boxes")
    ]
    there = {path.relative_to(root / "segmentations") for path in root.rglob("*.png")}
    assert len(there) == len(rows[0])
    values = set()
    for image, box in zip(*([line.split()[1:] for line in table] for table in rows), strict=True):
        mask = gray(root / "segmentations" / image[0].replace(".jpg", ".png"))
        with Image.open(root / "images" / image[0]) as picture:
            assert mask.shape == picture.size[::-1]
        values.update(np.unique(mask).tolist())
        x, y, width, height = map(float, box)
        difference = box_round(mask > 127) - (x, y, x + width, y + height)
        assert np.abs(difference).max() <= 1
    assert values == {0, 51, 102, 153, 204, 255}
