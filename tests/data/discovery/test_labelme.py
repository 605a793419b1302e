"""LabelMe's XML as people left it: a file written by hand, with every quirk in it."""

import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import Header
from pipeline_lib.data.discovery.labelme import clean_name, read_annotation

HEAD = """<annotation>
<filename>
sun_aaabhzgrfntrgghz.jpg
</filename>
<folder>
b/bathroom
</folder>
<source><sourceImage>The SUN database</sourceImage><submittedBy>X</submittedBy></source>
"""
SIZE = "<imagesize><nrows>\n40\n</nrows><ncols>\n60\n</ncols></imagesize>\n"


def labelled(name, *points, deleted="0"):
    corners = "".join(f"<pt>\n<x>\n{x}\n</x>\n<y>\n{y}\n</y>\n</pt>" for x, y in points)
    return (
        f"<object>\n<name>\n{name}\n</name>\n<deleted>\n{deleted}\n</deleted>\n"
        "<verified>0</verified><date>10-Jan-2009 12:00:00</date><id>0</id>"
        f"<polygon>\n<username>somebody</username>{corners}\n</polygon>\n</object>\n"
    )


def header(size):
    """The header of an image that is stored as it is shown."""
    return Header(size, size, is_turned=False, has_profile=False)


TRIANGLE = ((1, 1), (11, 1), (1, 21))


@pytest.fixture
def read(tmp_path):
    def write_and_read(*objects, size=(60, 40), head=HEAD + SIZE, **how):
        path = tmp_path / "sun_a.xml"
        path.write_text(head + "".join(objects) + "</annotation>\n")
        return read_annotation(path, header(size), **how)

    return write_and_read


def test_points_are_pixels_from_the_images_corner(read):
    (found,) = read(labelled("sink", *TRIANGLE)).objects
    assert found.name == "sink"
    np.testing.assert_array_equal(found.polygon, [(0.5, 0.5), (10.5, 0.5), (0.5, 20.5)])


def test_a_closed_polygon_is_that_left_open(read):
    left_open, closed = read(
        labelled("a", *TRIANGLE), labelled("b", *TRIANGLE, TRIANGLE[0])
    ).objects
    np.testing.assert_array_equal(left_open.polygon, closed.polygon)


def test_what_is_deleted_or_has_no_name_is_counted_and_left_out(read):
    nameless = labelled("", *TRIANGLE).replace("<name>\n\n</name>", "")
    found = read(
        labelled("zebra", (1, 1), deleted="1"),  # whatever its polygon is
        labelled("", *TRIANGLE),
        nameless,
        labelled("occluded", *TRIANGLE),
        labelled("mirror", *TRIANGLE),
    )
    assert [one.name for one in found.objects] == ["mirror"]
    assert found.irregular["deleted"] == 1
    assert found.irregular["nameless"] == 3


def test_points_outside_the_image_are_kept(read):
    (found,) = read(labelled("door", (-9, 1), (90, 5), (1, 80))).objects
    np.testing.assert_array_equal(found.polygon[:2], [(-9.5, 0.5), (89.5, 4.5)])


def test_polygons_are_scaled_to_the_file_that_is_there(read):
    (found,) = read(labelled("sink", *TRIANGLE), size=(120, 80)).objects
    np.testing.assert_array_equal(found.polygon, [(1, 1), (21, 1), (1, 41)])
    (found,) = read(labelled("sink", *TRIANGLE), size=(120, 20), head=HEAD).objects  # no size given
    np.testing.assert_array_equal(found.polygon[0], (0.5, 0.5))


def test_another_aspect_than_the_files_is_refused(read):
    with pytest.raises(
        InputError, match=r"sun_a.xml: is of 60x40 pixels, its image of 120x20; corr"
    ):
        read(labelled("sink", *TRIANGLE), size=(120, 20))


def test_objects_that_are_masks_are_counted(read):
    masked = labelled("rug").replace("<polygon>", "<segm>").replace("</polygon>", "</segm>")
    found = read(labelled("sink", *TRIANGLE), masked)
    assert [item.name for item in found.objects] == ["sink"]
    assert found.irregular["mask"] == 1


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("salt & pepper", "salt & pepper"),
        ("a&b", "a&b"),
        ("a &amp; b", "a & b"),
        ("R&D;", "r&d"),
        ("lamp\x0b\x01", "lamp"),
        ("lamp&#1;", "lamp"),
    ],
)
def test_what_people_typed_need_not_be_xml(read, typed, name):
    assert [item.name for item in read(labelled(typed, *TRIANGLE)).objects] == [name]


@pytest.mark.parametrize("points", [(), ((3, 3),), ((3, 3), (4, 4)), ((3, 3), (4, 4), (3, 3))])
def test_a_polygon_of_fewer_than_three_points_is_refused_or_skipped(read, points):
    number = len(set(points))
    words = f"sun_a.xml: object 2, 'Chair', is a polygon of {number} points; .*short_polygons"
    with pytest.raises(InputError, match=words) as caught:
        read(labelled("sink", *TRIANGLE), labelled("Chair", *points))
    assert "\n" not in str(caught.value)
    found = read(labelled("sink", *TRIANGLE), labelled("Chair", *points), skip_short=True)
    assert ([one.name for one in found.objects], found.irregular["short"]) == (["sink"], 1)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Wall ", "wall"),
        ("coffee   Table", "coffee table"),
        ("car az135deg", "car"),
        ("person, occluded", "person"),
        ("building (crop)", "building"),
        ("cieling", "ceiling"),
        ("Chairs cropped", "chair"),
        ("windows", "window"),
        # What looks like the same but is not.
        ("glasses", "glasses"),
        ("stairs", "stairs"),
        ("crop field", "field"),
        ("widow", "widow"),
        ("people", "people"),
        ("occluded crop", ""),
    ],
)
def test_names_are_cleaned_by_the_list_alone(typed, name):
    assert clean_name(typed) == name


def test_corrected_names_are_counted(read):
    found = read(
        labelled("Cieling", *TRIANGLE), labelled("DOOR", *TRIANGLE), labelled("cars", *TRIANGLE)
    )
    assert [one.name for one in found.objects] == ["ceiling", "door", "car"]
    assert found.irregular["corrected"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<annotation><object>", "no LabelMe annotation"),
        ("", "no LabelMe annotation"),
        ("<html></html>", "no LabelMe annotation .a <html>.; correct it"),
        (HEAD + labelled("sink", ("x", 1)) + "</annotation>", "'x' is no number of pixels"),
        (HEAD + labelled("sink", ("", 1)) + "</annotation>", "'' is no number of pixels"),
        (HEAD + labelled("sink", ("nan", 1)) + "</annotation>", "'nan' is no number of pixels"),
    ],
)
def test_what_is_no_annotation_is_refused_in_a_line(tmp_path, text, words):
    path = tmp_path / "sun_b.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"sun_b.xml: {words}") as caught:
        read_annotation(path, header((60, 40)))
    assert "\n" not in str(caught.value)


def test_names_in_other_encodings_do_not_stop_it(tmp_path):
    path = tmp_path / "sun_c.xml"
    text = HEAD + labelled("caf\u00e9", *TRIANGLE) + "</annotation>"
    path.write_bytes(text.encode("latin-1"))
    assert len(read_annotation(path, header((60, 40))).objects) == 1
