import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.bird_boxes import check_one_box_each, score_bird_boxes

SETTINGS = {"box_method": "paper", "threshold": 0.3, "interpolation": "bicubic"}
CORNERS = ["x0", "y0", "x1", "y1"]
IMAGES = pd.DataFrame({"image_id": ["a", "b"], "width": [20, 40], "height": [20, 40]})


def boxes(**corners):
    return pd.DataFrame(
        [(name, *box) for name, box in corners.items()], columns=["image_id", *CORNERS]
    )


def test_rows_are_the_boxes_then_the_baselines_whatever_the_order_of_the_tables():
    true = boxes(b=(0, 0, 40, 40), a=(0, 0, 10, 10))
    scores, by_image = score_bird_boxes(
        "net", IMAGES, boxes(a=(0, 0, 10, 10), b=(0, 0, 19, 40)), SETTINGS, true
    )
    assert scores["row"].iloc[0] == "net"
    assert scores["row"].iloc[1:].str.startswith("Chance: ").all()
    values = scores.set_index("row")["value"]
    assert values["net"] == 50  # b overlaps by 19/40
    assert values["Chance: full image"] == 50  # right for b alone
    assert (scores["n"] == 2).all()
    assert by_image.set_index("image_id")["net"].to_dict() == {"a": 1, "b": 0}
    assert (100 * by_image[list(values.index)].mean()).to_dict() == pytest.approx(dict(values))
    assert scores.loc[0, list(SETTINGS)].to_dict() == SETTINGS  # the tables' notes read them here
    assert (scores["box_method"].iloc[1:] == "").all()


@pytest.mark.parametrize("names", [["a"], ["a", "b", "b"], []])
def test_each_image_must_have_one_box(tmp_path, names):
    table = boxes(a=(0, 0, 1, 1), b=(0, 0, 1, 1)).set_index("image_id").loc[names].reset_index()
    with pytest.raises(InputError, match=r"b\.csv: has not one box for each test image"):
        check_one_box_each(table, IMAGES, tmp_path / "b.csv")


def test_boxes_of_other_images_are_ignored(tmp_path):
    box = (0, 0, 1, 1)
    check_one_box_each(boxes(a=box, b=box, other=box), IMAGES, tmp_path / "b.csv")
