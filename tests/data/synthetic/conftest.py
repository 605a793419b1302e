import hashlib

import pytest

from pipeline_lib.steps.data import synthesize


def tree(folder):
    """{path below the folder: the SHA-256 of its bytes}"""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def draw_twins(folder, seed, processes):
    flags = ["--layout", "transfer", "--seed", seed, "--processes", processes, "--out", folder]
    assert synthesize.main([str(flag) for flag in flags]) == 0
    return folder


@pytest.fixture(scope="session")
def twins(tmp_path_factory):
    """The nine sets, drawn by one process. Read only."""
    return draw_twins(tmp_path_factory.mktemp("twins") / "transfer", 3, 1)
