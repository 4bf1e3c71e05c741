"""How the dock shows a departed truck's ASN: quiet, amber after 5 minutes without an answer, red after 10."""

from __future__ import annotations

import pytest

from sequencer.views.picture import departed


@pytest.mark.parametrize(
    ("status", "minutes", "done", "look", "words"),
    [
        ("ACCEPTED", 30, True, "accepted", "ASN accepted"),
        ("SENT", 4, False, "", "ASN sent, no answer yet"),
        ("SENT", 5, False, "soon", "ASN sent, no answer yet"),
        ("SENT", 10, False, "late", "ASN sent, no answer yet"),
        ("SENT", 30, True, "accepted", "ASN sent"),
        ("DUE", 10, False, "late", "ASN goes in a moment"),
        ("REJECTED", 0, False, "late", "ASN REJECTED"),
        ("ATTENTION", 0, False, "late", "ASN needs a person"),
    ],
)
def test_look(status: str, minutes: int, done: bool, look: str, words: str) -> None:
    (shown,) = departed([{"asn_status": status, "minutes_since": minutes, "asn_done": done}])
    assert (shown["look"], shown["words"]) == (look, words)
