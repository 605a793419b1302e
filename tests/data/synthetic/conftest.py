import hashlib

from pipeline_lib.steps.data import synthesize


def tree(folder):
    """{path below the folder: SHA-256 of the file}"""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def draw_sets(folder, seed, processes):
    flags = ["--layout", "transfer", "--seed", seed, "--processes", processes, "--out", folder]
    assert synthesize.main([str(flag) for flag in flags]) == 0
    return folder
