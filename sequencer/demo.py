"""The people of the demo plant. Their passwords are public: production refuses to run as a demo."""

from __future__ import annotations

LOGINS = (
    ("operator", "packs racks at the stations"),
    ("logistics", "loads trucks, looks after EDI"),
    ("quality", "holds and frees parts"),
    ("supervisor", "decides gaps, holes and late changes"),
    ("planner", "plans production, moves bars, publishes"),
    ("admin", "keeps the master data, may do everything"),
)

SUPERVISOR_PIN = "4711"


def password(name: str) -> str:
    return f"demo-{name}"
