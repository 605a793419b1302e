"""Files that are either complete or absent, and fingerprints of values and files."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_lib.common.checksums import damaged
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.text import read_text

_CHECKSUM = "checksum"  # the key of a JSON object's own checksum
_HOST = socket.gethostname()  # processes on two machines may have the same number


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success flush it to disk and rename it to ``path``.

    The temporary name keeps the suffix, because libraries choose formats by it. After an error
    ``path`` is unchanged; a killed process leaves only a hidden temporary file, which nothing reads.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{_HOST}-{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # some libraries give only the owner access
        os.replace(temporary, path)
    except OSError as error:
        if error.filename in (
            None,
            str(temporary),
        ):  # the error of a full disk does not name the file
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a power failure
    finally:
        os.close(folder)


def write_text(path: Path | str, text: str) -> None:
    """Write ``text`` (UTF-8) atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: object, checksum: bool = False) -> None:
    """Write ``value`` as indented JSON, atomically.

    With ``checksum``, a dictionary gets the key ``checksum``, which ``read_json`` compares and removes.
    """
    if checksum:
        value = {**value, _CHECKSUM: _json_checksum(value)}
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path | str, advice: str = "delete it and rerun") -> dict:
    """Read a JSON object. Raises InputError if the file is missing, holds none, or is damaged.

    ``advice`` is what to do about a file that no step has written.
    """
    try:
        value = json.loads(read_text(path))
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); {advice}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: not a JSON object; {advice}")
    if _CHECKSUM in value:
        checksum = value.pop(_CHECKSUM)
        if checksum != _json_checksum(value):
            raise damaged(path)
    return value


def _json_checksum(value: dict) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def below(folder: Path, path: str) -> Path:
    """Return ``folder / path``, where ``..`` at its start is what the folder lies in.

    If the folder is a link, the system would go to what its target lies in.
    """
    while path.startswith("../"):
        folder, path = folder.parent, path.removeprefix("../")
    return folder / path


def fingerprint(*values: object) -> str:
    """Return 16 hex digits of the SHA-256 of JSON-like values; of a ``Path``, the file is hashed."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, Path):
            with open(value, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        else:
            digest.update(json.dumps(value, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
