"""What a file really is, by its first bytes: for messages about one that is something else."""

from pathlib import Path

_LENGTH = 512
_SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer: the content was not fetched (git lfs pull)"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "EPS, a program, which is not run"),
    (b"\xc5\xd0\xd3\xc6", "EPS, a program, which is not run"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x02", "a pickle"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<svg")
_HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")


def kind_of(path: Path | str) -> str:
    """Return what a file is in words, "" if unknown. Never raises."""
    try:
        with open(path, "rb") as file:
            start = file.read(_LENGTH)
    except OSError:
        return ""
    if not start:
        return "empty"
    if not start.strip(b"\0"):
        return "nothing but zeros: it was not fetched to its end"
    for signature, words in _SIGNATURES:
        if start.startswith(signature):
            return words
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text:
        return "an SVG drawing"
    if text.startswith(_PAGES):
        return "a web page" if b"html" in text or b"<head" in text else "an XML file"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF:
        return "a HEIF (.heic) photograph"
    if start[257:262] == b"ustar":
        return "a tar archive"
    return ""
