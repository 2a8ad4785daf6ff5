"""Every link inside the built site leads somewhere, and nothing comes from elsewhere: ``docs/links.py FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
NOT_FETCHED = {"canonical", "author", "license"}


class Page(HTMLParser):
    """Its addresses, names and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and LOADED[tag] in given and given.get("rel") not in NOT_FETCHED:
            self.loaded.append(given[LOADED[tag]])


def broken(folder: Path) -> Iterator[str]:
    """What leads nowhere, a sentence each."""
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
        if "_static" not in path.parts
    }
    for path, page in pages.items():
        here = path.relative_to(folder.resolve())
        for address in page.links + page.loaded:
            if address.startswith(("http:", "https:", "//")):
                if address in page.loaded:
                    yield f"{here} loads {address} from elsewhere"
                continue
            if address.startswith(("mailto:", "data:", "javascript:")):
                continue
            target, fragment = urldefrag(address)
            aim = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            aim = aim / "index.html" if aim.is_dir() else aim
            if not aim.exists():
                yield f"{here} links to {address}, which is not there"
            elif fragment and aim in pages and unquote(fragment) not in pages[aim].names:
                yield f"{here} links to {address}, and there is no such place in that page"


if __name__ == "__main__":
    found = list(broken(Path(sys.argv[1])))
    print("\n".join(found) or "every link inside the site leads somewhere")
    sys.exit(bool(found))
