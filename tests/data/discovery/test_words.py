"""SVT's lists and SUN397's outdoor images: what is read, and one line for what is wrong."""

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.words import is_outdoor, read_text

WORD = '<taggedRectangle x="{}" y="{}" width="{}" height="{}"><tag>CAFE</tag></taggedRectangle>'


def image(name, *words, size=(60, 40)):
    return (
        f"<image><imageName>{name}</imageName><lex>CAFE</lex>"
        f'<Resolution x="{size[0]}" y="{size[1]}"/><taggedRectangles>'
        + "".join(WORD.format(*word) for word in words)
        + "</taggedRectangles></image>"
    )


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(path)


@pytest.fixture
def root(tmp_path):
    lists = {
        "train": [image("img/a.jpg", (5, 6, 20, 10), (50, 30, 20, 5)), image("img/b.jpg", (0, 0, 9, 9))],
        "test": [image("img/c.jpg", (1, 2, 3, 4))],
    }  # fmt: skip
    for part, images in lists.items():
        (tmp_path / "svt1").mkdir(exist_ok=True)
        (tmp_path / "svt1" / f"{part}.xml").write_text(f"<tagset>{''.join(images)}</tagset>")
    for name in "abc":
        save(tmp_path / "svt1" / "img" / f"{name}.jpg")
    for number in range(6):
        save(tmp_path / "SUN397" / "h" / "highway" / f"sun_{number}.jpg")
        save(tmp_path / "SUN397" / "k" / "kitchen" / f"sun_{number}.jpg")
        save(tmp_path / "SUN397" / "c" / "canal" / "urban" / f"sun_{number}.jpg")
    return tmp_path


def test_words_are_half_open_boxes_and_outdoor_images_have_none(root):
    found = read_text(root)
    labels = {row[0]: row[2] for row in found.images}
    assert [name for name in labels if labels[name]] == [f"svt1/img/{n}.jpg" for n in "abc"]
    others = [name for name in labels if not labels[name]]
    assert len(others) == len(set(others)) == 3
    assert all(name.startswith(("SUN397/h/", "SUN397/c/")) for name in others)
    assert [row[2:] for row in found.boxes if row[0] == "svt1/img/a.jpg"] == [
        (5, 6, 25, 16),
        (50, 30, 60, 35),  # it reaches beyond
    ]
    assert "1 word boxes reach beyond" in " ".join(found.summary.notes)
    parts = {(part, label) for _, part, _, label in found.splits}
    assert parts == {(p, t) for p in ("train", "test") for t in ("present", "absent")}
    assert read_text(root).images == found.images


def test_too_few_outdoor_images_are_said_so(root):
    for path in (root / "SUN397").rglob("sun_*.jpg"):
        if int(path.stem[-1]) > 0:
            path.unlink()
    with pytest.raises(InputError, match="SUN397: 2 outdoor images are too few; add some"):
        read_text(root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda svt: [path.unlink() for path in (svt / "img").iterdir()],
            "train.xml: none of its images is there; unpack SVT again",
        ),
        (lambda svt: (svt / "test.xml").unlink(), "test.xml: not found; unpack SVT there"),
        (lambda svt: (svt / "test.xml").write_text("<tagset>"), "test.xml: not XML"),
        (lambda svt: (svt / "test.xml").write_text("<tagset/>"), "test.xml: lists no image"),
        (
            lambda svt: (svt / "test.xml").write_text(
                f"<tagset>{image('img/c.jpg', (1, 2, 0, 4))}</tagset>"
            ),
            r"test.xml: image 1 \(img/c.jpg\) is malformed .*0 x 4 pixels",
        ),
        (
            lambda svt: (svt / "test.xml").write_text(f"<tagset>{image('img/c.jpg')}</tagset>"),
            r"image 1 \(img/c.jpg\) is malformed .*no word",
        ),
        (
            lambda svt: (svt / "test.xml").write_text(
                f"<tagset>{image('img/c.jpg', (61, 2, 5, 4))}</tagset>"
            ),
            "a word of img/c.jpg is outside its 60 x 40 pixels",
        ),
    ],
)
def test_what_is_wrong_gets_a_line(root, change, message):
    change(root / "svt1")
    with pytest.raises(InputError, match=message) as error:
        read_text(root)
    assert "\n" not in str(error.value)


def test_classes_outdoors():
    assert is_outdoor("highway")
    assert is_outdoor("desert/sand")
    assert is_outdoor("desert")  # a copy without subclasses
    assert not is_outdoor("kitchen")
    assert not is_outdoor("tennis_court/indoor")
    assert not is_outdoor("high")
