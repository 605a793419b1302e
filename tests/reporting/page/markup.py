"""Reading the markup of a section of the page."""

from html.parser import HTMLParser

ODD = """<script>alert("1")</script> & 'ünï$ 犬"""  # a name of a class, a concept or a file
VOID = {"img", "input", "br"}


class Markup(HTMLParser):
    """The tags, ids, links, texts and sources of a piece of HTML, which must be well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.ids, self.links, self.sources, self.open = [], [], [], [], []
        self.alts, self.text = [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        href = values.get("href", "")
        (self.links if tag == "a" else self.sources).extend([href] if href else [])
        if tag == "img":
            self.sources.append(values["src"])
            self.alts.append(values["alt"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(text: str) -> Markup:
    """Return the markup; no script, ids told apart, links to them alone, pictures within the page."""
    markup = Markup(text)
    assert "script" not in markup.tags
    assert len(markup.ids) == len(set(markup.ids))
    assert markup.links
    assert {link.removeprefix("#") for link in markup.links} <= set(markup.ids)
    assert markup.sources
    assert all(source.startswith("data:image/webp;base64,") for source in markup.sources)
    assert all(markup.alts)
    return markup
