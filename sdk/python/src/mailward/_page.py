"""A part of a list that knows how to get the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Page(list[T]):
    """A page: a list, with the cursor of the page after it."""

    def __init__(
        self, items: Iterable[T], cursor: str | None, following: Callable[[str], Page[T]]
    ) -> None:
        super().__init__(items)
        #: Ask with this for the next page; None: this was the last.
        self.cursor = cursor
        self._following = following

    def next(self) -> Page[T] | None:
        """The page after this one; None: there is none."""
        return self._following(self.cursor) if self.cursor else None

    def all(self) -> Iterator[T]:
        """Everything of this page and of all pages after it."""
        page: Page[T] | None = self
        while page is not None:
            yield from page
            page = page.next()
