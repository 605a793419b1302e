"""Text for the columns of a terminal."""


def duration(seconds: float) -> str:
    """Return a duration as minutes and seconds, or hours and minutes: 0:07, 12:30, 3 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def cut(text: str, columns: int) -> str:
    """Return the text, with "..." for what has no room in so many columns."""
    return text if len(text) <= columns else f"{text[: max(0, columns - 3)]}..."
