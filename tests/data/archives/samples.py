"""Archives of every format, written by hand, and what they hold."""

import io
import stat
import struct
import tarfile
import zipfile
import zlib

from pipeline_lib.data.downloads import Archive

FILES = {"set/a/1.jpg": b"one", "set/a/2.jpg": b"two" * 1000, "set/list.txt": b"1 2\n"}


HOLDS = ("list.txt", "a/*.jpg")


def entry(name, **changes):
    return Archive(**{"file": name, "expected_files": HOLDS, **changes})


def member(name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode = len(data), kind, link, mode
    return info, io.BytesIO(data)


def write_tar(path, members=()):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        for info, data in [*(member(n, d) for n, d in FILES.items()), *members]:
            data.seek(0)
            tar.addfile(info, data)


def write_zip(path, members=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in [*FILES.items(), *members]:
            file.writestr(name, data)


def write_rar(path, members=(), attributes=0o100644, method=0x30):
    """Write a RAR 3 archive by hand, its members stored (method 0x30), after the format's description.

    A block is CRC16 of what follows, type, flags, size; ``attributes`` are those of ``members``.
    """

    def block(kind, flags, rest):
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    content = b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6))
    for number, (name, data) in enumerate([*FILES.items(), *members]):
        mode = attributes if number >= len(FILES) else 0o100644
        sizes = (len(data), len(data), 3, zlib.crc32(data), 0x21 << 16, 20, method)  # 3: Unix
        rest = struct.pack("<LLBLLBBHL", *sizes, len(name), mode) + name.encode()
        content += block(0x74, 0x8000, rest) + data
    path.write_bytes(content + block(0x7B, 0x4000, b""))


WRITERS = {"set.tar": write_tar, "set.tgz": write_tar, "set.zip": write_zip, "set.rar": write_rar}


def tree(folder):
    """Return everything below a folder: names, kinds and contents."""
    entries = {}
    for path in sorted(folder.rglob("*")):
        kind = stat.S_IFMT(path.lstat().st_mode)
        content = path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
        entries[str(path.relative_to(folder))] = (kind, content)
    return entries
