import numpy as np

from pipeline_lib.evaluation.drawn_images import draw_images

TRUE_CLASS = np.where(np.arange(50) % 5 == 0, -1, np.arange(50) % 7)


def test_labelled_images_are_drawn_by_the_seed():
    drawn = draw_images(TRUE_CLASS, 10, 3)
    assert len(set(drawn)) == 10
    assert (np.diff(drawn) > 0).all()
    assert (TRUE_CLASS[drawn] >= 0).all()
    assert (drawn == draw_images(TRUE_CLASS, 10, 3)).all()
    assert (drawn != draw_images(TRUE_CLASS, 10, 4)).any()
    assert len(draw_images(TRUE_CLASS, 99, 0)) == 40
    assert len(draw_images(np.full(3, -1), 9, 0)) == 0


def test_preferred_images_come_first_and_others_only_where_they_are_few():
    preferred = np.arange(50) < 20
    assert preferred[draw_images(TRUE_CLASS, 16, 0, preferred)].all()
    drawn = draw_images(TRUE_CLASS, 20, 0, preferred)
    assert preferred[drawn].sum() == 16
