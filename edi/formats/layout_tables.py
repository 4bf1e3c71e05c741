"""Checked reading of a layout's TOML tables: every refusal names the file, the key and what to write."""

from collections.abc import Mapping
from typing import Any

from .profile import ProfileError, Table


class Tables:
    """One layout file being read; the getters refuse what cannot be used with a ProfileError."""

    def __init__(self, path: str) -> None:
        self.path = path

    def refuse(self, key: str, remedy: str) -> Any:
        """Raise the refusal of one key."""
        raise ProfileError(f"{self.path}: {key}: {remedy}")

    def known(self, key: str, entries: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        """Refuse keys nobody reads, so that a misspelt one is not silently without effect."""
        for name in entries:
            if name not in allowed:
                self.refuse(f"{key}{name}", f"no such key; remove it or use one of {', '.join(allowed)}")

    def table(self, key: str, value: Any) -> Mapping[str, Any]:
        return value if isinstance(value, Mapping) else self.refuse(key, "write a table")

    def rows(self, key: str, value: Any) -> list[Mapping[str, Any]]:
        if not isinstance(value, list) or not value or not all(isinstance(row, Mapping) for row in value):
            self.refuse(key, "write at least one table of this name")
        return list(value)

    def text(self, key: str, value: Any, *, empty: bool = False) -> str:
        if not isinstance(value, str) or not (value.strip() or empty):
            self.refuse(key, "write a text")
        return str(value)

    def number(self, key: str, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            self.refuse(key, f"write a whole number from {low} to {high}")
        return int(value)

    def flag(self, key: str, value: Any) -> bool:
        return value if isinstance(value, bool) else bool(self.refuse(key, "write true or false"))

    def one_of(self, key: str, value: Any, allowed: tuple[str, ...]) -> str:
        return value if value in allowed else str(self.refuse(key, f"write one of {', '.join(allowed)}"))

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse(key, "write a list of texts")
        return tuple(value)

    def codes(self, key: str, value: Any, allowed: tuple[str, ...]) -> Table:
        """Return a code table whose meanings come from `allowed`."""
        entries = self.table(key, value)
        for code, meaning in entries.items():
            if meaning not in allowed:
                self.refuse(f"{key}.{code}", f"write one of {', '.join(allowed)}")
        return dict(entries)
