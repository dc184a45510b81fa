"""The readable text of a page: no scripts, no navigation, links kept.

The standard library's parser takes quadratic time on hostile pages, so this one only knows what it needs
and looks at every character a fixed number of times.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

_RAW = frozenset(("script", "style"))
"""Elements whose content is no markup."""
_DROPPED = frozenset(
    (
        "noscript",
        "template",
        "svg",
        "nav",
        "footer",
        "aside",
        "form",
        "iframe",
        "button",
        "select",
        "textarea",
    )
)
_BLOCKS = frozenset(
    (
        "p", "div", "section", "article", "main", "header", "ul", "ol", "table", "tr", "blockquote", "dl", "dt",
        "dd", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre", "br", "hr",
    )
)  # fmt: skip
_ENOUGH = 200
"""Characters that make a page's <main> or <article> more likely its content than the rest."""
_CHECKED = 2_000
"""Tags and texts between two checks."""
_TAG_CHARACTERS = 5_000
_NAME = re.compile(r"[a-z][a-z0-9:-]{0,30}", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)


@dataclass(frozen=True)
class _Tag:
    name: str
    closes: bool
    attributes: str


def _tokens(text: str) -> Iterator[_Tag | str]:
    """Tags, and the text between them with its entities resolved."""
    at = 0
    while at < len(text):
        start = text.find("<", at)
        if start < 0:
            yield html.unescape(text[at:])
            return
        if start > at:
            yield html.unescape(text[at:start])
        if text.startswith("<!--", start):
            end = text.find("-->", start + 4)
            if end < 0:
                return
            at = end + 3
            continue
        tag, at = _tag(text, start)
        yield tag
        if isinstance(tag, _Tag) and tag.name in _RAW and not tag.closes:
            end = re.compile(f"</{tag.name}", re.IGNORECASE).search(text, at)
            if end is None:
                return
            at = end.start()


def _tag(text: str, start: int) -> tuple[_Tag | str, int]:
    """The tag that begins here and what is after it, or a plain `<`."""
    closes = text.startswith("/", start + 1)
    name = _NAME.match(text, start + 1 + closes)
    end = text.find(">", start, start + _TAG_CHARACTERS)
    if name is None and text[start + 1 : start + 2] in ("!", "?") and end > 0:
        return "", end + 1
    if name is None or end < 0:
        return "<", start + 1
    return _Tag(name[0].lower(), closes, text[name.end() : end]), end + 1


class _Page:
    """Collects text; what stands in <main> or <article> is collected apart too."""

    def __init__(self, url: str) -> None:
        self.title = ""
        self.all: list[str] = []
        self.main: list[str] = []
        self._url = url
        self._dropped: list[str] = []
        self._inside = 0
        self._pre = False
        self._in_title = False
        self._link: tuple[str, list[str]] | None = None

    def take(self, token: _Tag | str) -> None:
        if isinstance(token, str):
            self._text(token)
        elif self._dropped or (token.name in _DROPPED and not token.closes):
            self._drop(token)
        elif token.name == "title":
            self._in_title = not token.closes
        elif token.closes:
            self._close(token.name)
        else:
            self._open(token)

    def _drop(self, tag: _Tag) -> None:
        if not tag.closes and (not self._dropped or tag.name == self._dropped[-1]):
            if not tag.attributes.endswith("/"):
                self._dropped.append(tag.name)
        elif tag.closes and tag.name == self._dropped[-1]:
            self._dropped.pop()

    def _text(self, data: str) -> None:
        if self._in_title:
            self.title += data[:300]
        elif not self._dropped:
            self._say(data if self._pre else re.sub(r"\s+", " ", data))

    def _open(self, tag: _Tag) -> None:
        name = tag.name
        if name in _BLOCKS:
            self._say("\n")
        self._inside += name in ("main", "article")
        if len(name) == 2 and name[0] == "h" and name[1].isdigit():
            self._say("#" * int(name[1]) + " ")
        elif name == "pre" and not self._pre:
            self.end_link()
            self._pre = True
            self._say("```\n")
        elif name == "a":
            self.end_link()
            self._begin_link(tag.attributes)
        else:
            self._say({"li": "- ", "td": " | ", "th": " | ", "code": self._tick}.get(name, ""))

    def _close(self, name: str) -> None:
        if name == "pre" and self._pre:
            self._pre = False
            self._say("\n```")
        elif name == "a":
            self.end_link()
        elif name == "code":
            self._say(self._tick)
        if name in _BLOCKS:
            self._say("\n")
        if name in ("main", "article") and self._inside:
            self._inside -= 1

    @property
    def _tick(self) -> str:
        return "" if self._pre else "`"

    def _begin_link(self, attributes: str) -> None:
        found = _HREF.search(attributes)
        link = html.unescape(next(filter(None, found.groups()), "")) if found else ""
        address = _address(self._url, link)
        if address and not self._pre:
            self._link = address, []

    def end_link(self) -> None:
        """Write the link that is open, if its text says anything."""
        if self._link is None:
            return
        (address, parts), self._link = self._link, None
        text = " ".join("".join(parts).split())
        self._say(f"[{text}]({address})" if text else "")

    def _say(self, text: str) -> None:
        if self._link is not None:
            self._link[1].append(text)
            return
        self.all.append(text)
        if self._inside:
            self.main.append(text)


def _address(base: str, link: str) -> str:
    try:
        whole = urljoin(base, link)
    except ValueError:
        return ""
    return whole if whole.startswith(("https://", "http://")) and not link.startswith("#") else ""


def readable(text: str, url: str, check: Callable[[], None] = lambda: None) -> tuple[str, str]:
    """Title and text of an HTML page, as Markdown of a plain kind. Never fails on broken HTML.

    A large page takes a second or two: `check` is called meanwhile, and what it raises ends the work.
    """
    page = _Page(url)
    for number, token in enumerate(_tokens(text)):
        if not number % _CHECKED:
            check()
        page.take(token)
    page.end_link()
    main = _tidy("".join(page.main))
    return " ".join(page.title.split()), main if len(main) >= _ENOUGH else _tidy("".join(page.all))


def _tidy(text: str) -> str:
    """At most one empty line in a row, and none of the spaces that only laid out the source."""
    parts = text.split("```")
    parts[::2] = [re.sub(r" ?\n ?", "\n", re.sub(r"[ \t]+", " ", part)) for part in parts[::2]]
    return re.sub(r"\n{3,}", "\n\n", "```".join(parts)).strip()
