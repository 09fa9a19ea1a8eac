"""A map: each page by itself, three at once, and a page that cannot be read spoils no other.

Try it: headrace send document.scanned 'pages=["Dear Ada,", "", "yours, Charles"]'
"""

import asyncio

from pydantic import BaseModel

from headrace import EventSchema, Permanent, Pipeline


class DocumentScanned(EventSchema, type="document.scanned"):
    pages: list[str]


class Page(BaseModel):
    text: str
    words: int


documents = Pipeline("documents", DocumentScanned)


@documents.map(over="event.pages", limit=3, retries=4, timeout_seconds=30, on_error="skip")
async def read(item: str) -> Page:
    """Each page has retries, a timeout and a checkpoint of its own."""
    await asyncio.sleep(0.01)  # a service that recognizes letters
    if not item:
        raise Permanent("an empty page")
    return Page(text=item, words=len(item.split()))


@documents.node
def summary(read: list[Page | None]) -> dict[str, int]:
    """The list has the order of the pages, with None for those that failed."""
    pages = [page for page in read if page is not None]
    return {"words": sum(page.words for page in pages), "unreadable": len(read) - len(pages)}
