"""Typed readers of the environment. A wrong value stops the start with its name, never a silent default."""

from __future__ import annotations

import os
from pathlib import Path


class EnvError(Exception):
    """A variable is missing or unreadable; the message names it, the value seen and what is expected."""


def text(name: str, default: str | None = None) -> str:
    """The variable as text; without a default it must be set and not empty."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise EnvError(f"{name} is not set; set it in the environment of this process")
    return default


def flag(name: str, default: bool) -> bool:
    """`1 true yes on` or `0 false no off`, in any case."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise EnvError(f"{name}={value!r} is no flag; write 1 or 0")


def number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """A whole number between `least` and `most`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        read = int(value)
    except ValueError:
        raise EnvError(f"{name}={value!r} is no whole number") from None
    if not least <= read <= most:
        raise EnvError(f"{name}={read} is outside {least} to {most}")
    return read


def words(name: str, default: list[str]) -> list[str]:
    """Comma-separated words, blanks stripped, empty ones dropped."""
    value = os.environ.get(name, "")
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def chosen(name: str, known: list[str]) -> list[str]:
    """Some of the words we know, in the plant's order; all of them when nothing is said."""
    named = words(name, known)
    strange = sorted(set(named) - set(known))
    if strange or len(set(named)) < len(named):
        raise EnvError(f"{name}={','.join(named)}: write each of {', '.join(known)} at most once")
    return named


def folder(name: str, default: Path) -> Path:
    """An absolute folder; it is made when it is missing."""
    path = Path(os.environ.get(name) or default).expanduser()
    if not path.is_absolute():
        raise EnvError(f"{name}={path} is not an absolute path")
    path.mkdir(parents=True, exist_ok=True)
    return path
