"""Two kinds of room with maps made by hand: the sink is highlighted in one, the bed in the other."""

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint, write_json
from pipeline_lib.common.polygons import as_text
from pipeline_lib.data.discovery.scenes import POLYGON_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Header, write_predictions

ROOMS = ("bathroom", "bedroom")
SIZE = (80, 40)


def box(x0, y0, x1, y1):
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


WALL = box(0, 0, 80, 40)
CORNER, FAR = box(5, 5, 15, 15), box(65, 25, 75, 35)  # inside the highlighted region, and not


@pytest.fixture
def rooms(tmp_path):
    """Six images of each room; the last bathroom is classified as a bedroom.

    The map is one in the upper left quarter and zero elsewhere. Bathrooms have a sink there (the second
    and third have another one elsewhere), bedrooms a bed there and a lamp far away; all have walls.
    """
    names = [f"{room}/{n}.png" for room in ROOMS for n in range(6)]
    truth = np.repeat([0, 1], 6).astype(np.int32)
    rows, objects = [], []
    for name, room in zip(names, truth, strict=True):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", SIZE, (90, 120, 150)).save(path)
        rows.append((name, name, ROOMS[room], *SIZE, 0))
        own = [("sink", CORNER)] if room == 0 else [("bed", CORNER), ("lamp", FAR)]
        if name in ("bathroom/1.png", "bathroom/2.png"):
            own.append(("sink", FAR))
        objects += [(name, label, as_text(shape)) for label, shape in [("wall", WALL), *own]]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(tmp_path / "annotations.csv", POLYGON_COLUMNS, objects)
    classes = [(room, n, f"{room}, a room") for n, room in enumerate(ROOMS, 1)]
    write_rows(tmp_path / "classes.csv", CLASS_COLUMNS, classes)
    write_json(tmp_path / "summary.json", {"notes": ["Twelve images."]})
    write_json(tmp_path / "svm.json", {"accuracy": 0.9})
    header = Header(
        image_id=names,
        true_class=truth,
        class_labels=list(ROOMS),
        name="net",
        method="cam",
        crops=1,
        size=(28, 28),
        warped=(32, 32),
        network="0",
        images=fingerprint(tmp_path / "images.csv"),
    )
    first = truth.copy()
    first[5] = 1
    maps = np.zeros((12, 2, 1, 4, 4), np.float32)
    maps[:, 0, 0, :2, :2] = 1
    batch = {
        "classes": np.stack([first, 1 - first], axis=1),
        "scores": np.stack([np.linspace(1, 2, 12), np.zeros(12)], axis=1).astype(np.float32),
        "maps": maps,
        "true_map": maps[:, 0],
    }
    write_predictions(tmp_path / "p.h5", header, [batch])
    return tmp_path


@pytest.fixture
def flags(rooms):
    """Return a function from names of files to the flags that hand them to a step."""

    def make(**files: str) -> list[str]:
        return [word for key, name in files.items() for word in (f"--{key}", str(rooms / name))]

    return make
