"""A database beside that of the suite, for a process of its own."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings


@contextmanager
def scratch_database(folder: Path, like: str = "") -> Iterator[str]:
    """The address of a database that goes at the end: empty, or with all that stands in the one at `like`."""
    if settings.EMBEDDED_DATABASE:
        file = folder / "scratch.sqlite3"
        if like:
            shutil.copyfile(like.removeprefix("sqlite:///"), file)
        yield f"sqlite:///{file}"
        return
    import psycopg2

    address, name = os.environ["DATABASE_URL"], f"jis_scratch_{uuid.uuid4().hex[:10]}"
    server = psycopg2.connect(urlsplit(address)._replace(path="/postgres").geturl())
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {urlsplit(like).path[1:]}" if like else ""))
        yield urlsplit(address)._replace(path=f"/{name}").geturl()
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()
