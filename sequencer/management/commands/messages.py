"""Catalogues of the plant's languages: extracted from the sources, compiled for Django and for scripts."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import makemessages

DOMAINS = ("django", "djangojs")
# What a translator reads is sources and templates of our own; the gateway's office pages stay English.
LEFT_OUT = ["edi/*", "tests/*", "bench/*", "docs/*", "var/*", ".venv/*", ".ci/*", "static/js/catalogue.js"]
TRANSLATED = ("de", "es", "fr")


def po_file(language: str, domain: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / f"{domain}.po"


def script_words() -> str:
    """`static/js/catalogue.js`: the scripts' sentences of every language, as they stand in the catalogues."""
    told: dict[str, dict[str, str | list[str]]] = {}
    for language in TRANSLATED:
        entries = read_po(po_file(language, "djangojs"))
        told[language] = {
            one: forms if many else forms[0] for (one, many), forms in sorted(entries.items()) if one
        }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    return f"// Written by `make messages` from locale/*/LC_MESSAGES/djangojs.po.\nexport const CATALOGUE = {text};\n"


def read_po(path: Path) -> dict[tuple[str, str], list[str]]:
    """Message and its plural -> translations; fuzzy and obsolete entries are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in path.read_text().split("\n\n"):
        if re.search(r"^#,.*\bfuzzy\b", block, re.M):
            continue
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            start = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d\])?|msgctxt) (".*")$', line)
            if start:
                name = start.group(1)
                fields[name] = json.loads(start.group(2))
            elif line.startswith('"') and name:
                fields[name] += json.loads(line)
        if "msgid" in fields:
            forms = [text for key, text in fields.items() if key.startswith("msgstr")]
            found[fields["msgid"], fields.get("msgid_plural", "")] = forms
    return found


class Command(makemessages.Command):
    help = "Extract every marked sentence, then compile the catalogues (needs gettext's xgettext and msgfmt)."
    # Pure rules are handed the mouth they speak with.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=say"]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        shared = {
            **options,
            "locale": list(TRANSLATED),
            "ignore_patterns": LEFT_OUT,
            "add_location": "file",
            "no_wrap": True,
            "no_obsolete": True,
        }
        for domain in DOMAINS:
            super().handle(*args, **{**shared, "domain": domain, "extensions": []})
        for language in TRANSLATED:
            for domain in DOMAINS:
                source = po_file(language, domain)
                target = source.with_suffix(".mo")
                subprocess.run(["msgfmt", "--check-format", "-o", target, source], check=True)  # noqa: S607
        (Path(settings.BASE_DIR) / "static" / "js" / "catalogue.js").write_text(script_words())
