import numpy as np

from pipeline_lib.data.synthetic.kinds import KINDS, PARTS, SHAPES, TEXTURES


def test_there_are_ten_kinds_or_more_each_with_a_name_and_a_part_of_its_own():
    assert len(KINDS) >= 10
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len({kind.part for kind in KINDS}) == len(KINDS)
    assert len({(kind.shape, kind.texture) for kind in KINDS}) == len(KINDS)


def test_no_two_parts_look_the_same():
    looks = [(tuple(colour), shape.tobytes()) for shape, colour in PARTS.values()]
    assert len(set(looks)) == len(PARTS)


def test_shapes_fill_their_unit_square_and_do_not_leave_it():
    for name, outline in SHAPES.items():
        assert np.abs(outline).max() <= 1 + 1e-9, name
        assert np.ptp(outline[:, 0]) > 1.5, name


def test_textures_mix_two_colours_and_use_both():
    x, y = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-1, 1, 80))
    for name, texture in TEXTURES.items():
        mix = texture(x, y)
        assert mix.min() >= 0, name
        assert mix.max() <= 1, name
        assert np.ptp(mix) > 0.9, name
        assert 0.1 < mix.mean() < 0.9, name
