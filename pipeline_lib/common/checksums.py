"""Checksums inside the files that steps hand on: a file that was damaged is refused, not read.

- HDF5: ``sha256 <hex>`` of all that follows, in the user block, the first 512 bytes, which HDF5 leaves
  to others. Its own checksums cover neither attributes nor texts, and rule out memory maps.
- JSON: see ``write_json`` and ``read_json`` in `pipeline_lib.common.files`.
- CSV: the extended attribute ``user.sha256`` of the file, so that a table stays plain for all readers.
  Where the file system keeps no such attributes, tables carry no checksum.

Files of earlier versions and files made by hand carry none, and are read as they are.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from pipeline_lib.common.errors import InputError

USER_BLOCK = 512  # bytes; the smallest that HDF5 allows
_ATTRIBUTE = "user.sha256"
_HDF5 = b"\x89HDF\r\n\x1a\n"  # what an HDF5 file without a user block begins with


def damaged(path: Path | str) -> InputError:
    """Return the error of a file whose content is not what was written."""
    return InputError(f"{path}: not as it was written; delete it and rerun")


def seal(path: Path) -> None:
    """Write the checksum of an HDF5 file, made with ``userblock_size=USER_BLOCK``, into its block."""
    digest = sha256_from(path, USER_BLOCK)
    with open(path, "r+b") as file:
        file.write(_block(digest))


def require_intact(path: Path) -> None:
    """Read an HDF5 file whole. Raises InputError if its checksum is another, FileNotFoundError."""
    with open(path, "rb") as file:
        block = file.read(USER_BLOCK)
    if not block.startswith(_HDF5) and block != _block(sha256_from(path, USER_BLOCK)):
        raise damaged(path)


def mark(path: Path) -> None:
    """Write the checksum of a file into its attribute, where the file system keeps attributes."""
    with suppress(OSError):
        os.setxattr(path, _ATTRIBUTE, sha256_from(path).encode())


def require_unchanged(path: Path | str) -> None:
    """Raise InputError if a file has another checksum than its attribute says."""
    try:
        expected = os.getxattr(path, _ATTRIBUTE).decode()
    except OSError:  # it has none, or does not exist
        return
    if sha256_from(path) != expected:
        raise damaged(path)


def sha256_from(path: Path | str, start: int = 0) -> str:
    """Return the SHA-256, in hexadecimal digits, of a file from byte ``start`` on."""
    with open(path, "rb") as file:
        file.seek(start)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _block(digest: str) -> bytes:
    return f"sha256 {digest}\n".encode().ljust(USER_BLOCK, b"\0")
