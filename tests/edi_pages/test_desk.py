"""Overview, quarantine, corrections and entry by hand as pages: what is shown, who may, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from edi import detail, overview
from edi import quarantine as parked
from edi.formats.description import describe, mark
from edi.formats.problems import SEVERITIES
from edi.models import (
    Delivery,
    InboundEvent,
    InboundMessage,
    ManualEntry,
    OutboundMessage,
    TradingPartner,
)
from edi.services import enter_calls
from edi.templatetags.edi_pages import when
from sequencer.models import CallOff, OemPlant
from sequencer.services import HOLD_CODES
from tests.edi.files import Call, Sender, deljit, interchange, message, stored
from tests.factories import Plant, person

FORM = {
    "partner": "OEM-D",
    "way": "form",
    "event": "NEW",
    "production_number": "V0001",
    "vin": f"VIN{1:014d}",
    "sequence_number": "0001",
    "required_at": "2026-11-23 14:00",
    "dock": "D1",
    "line_feed": "F1",
    "part_number": ["C-A", ""],
    "quantity": ["1", ""],
    "options": ["", ""],
    "reason": "phone, Ms Weber",
}


def rejected(sender: Sender) -> InboundMessage:
    raw = interchange([message([Call(n)], ref=str(n)) for n in (1, 2)], 41)
    sender.send_raw(raw.replace(b"SEQ+3+0002:3'\nDTM+2:202611231400", b"SEQ+3+0002:3'\nDTM+2:20261399"))
    return InboundMessage.objects.get(status="REJECTED")


# what needs a person


def test_a_calm_plant_says_so(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    assert overview.needs(at=timezone.now()) == []
    assert b"Nothing needs you" in page.get("/edi/").content


def test_each_thing_that_waits_is_a_need_with_a_remedy(
    page: Client, sender: Sender, partner: TradingPartner, clerk: User, plant: Plant
) -> None:
    sender.send(Call(1), Call(4))
    sender.send(Call(900))
    sender.send(Call(1, part="C-B"))
    rejected(sender)
    sender.send_raw(b"Dear supplier,\nsee attached\n", "mail.txt")
    enter_calls(
        partner.pk,
        [
            {
                "event": "NEW",
                "production_number": "V9",
                "sequence_number": "0005",
                "components": [{"part_number": "C-A"}],
            }
        ],
        by=clerk,
        reason="phone",
        at=timezone.now(),
    )
    now = timezone.now()
    for status, more in (("REJECTED", {}), ("SENT", {"ack_expected": True, "overdue_at": now})):
        OutboundMessage.objects.create(
            partner=partner, kind="DESADV", control_ref=status, file_name=status, content=b"", status=status,
            created_at=now, due_at=now, sent_at=now - timedelta(hours=1), **more,
        )  # fmt: skip
    Delivery.objects.update(received_at=now - timedelta(minutes=30))
    found = overview.needs(at=now)
    assert {need["kind"] for need in found} == {
        "gap", "event", "message", "file", "approval", "outbound", "answer", "silence",
    }  # fmt: skip
    assert all(need["link"] and need["action"] for need in found)
    levels = [overview.LEVELS[need["level"]] for need in found]
    assert levels == sorted(levels), "what stops the line comes first"
    for need in found:
        assert page.get(need["link"]).status_code == 200, need["link"]
    content = page.get("/edi/").content.decode()
    assert f'<h1 id="need-title"><span aria-hidden="true">✕</span> {found[0]["title"]}' in content


def test_the_gap_with_the_least_time_is_first(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), Call(4))
    soon = plant.call(1).required_at - timedelta(minutes=plant.line.plant.transit_minutes + 5)
    assert overview.needs(at=soon)[0]["kind"] == "gap"
    assert overview.needs(at=soon)[0]["level"] == "stop"


def test_a_decided_file_needs_nobody(page: Client, sender: Sender) -> None:
    delivery = sender.send_raw(deljit([Call(1)], 7).replace(b"UNZ+1", b"UNZ+4"))
    assert [need["kind"] for need in overview.needs(at=timezone.now())] == ["file"]
    assert page.post(f"/edi/deliveries/{delivery.pk}/discard/", {"reason": "sent again"}).status_code == 204
    assert overview.needs(at=timezone.now()) == []
    assert b"sent again" in page.get(f"/edi/deliveries/{delivery.pk}/").content


# one file


def test_problem_and_segment_point_at_each_other_and_the_element_is_marked(
    page: Client, sender: Sender
) -> None:
    delivery = rejected(sender).interchange.delivery
    content = page.get(f"/edi/deliveries/{delivery.pk}/").content.decode()
    (problem,) = detail.delivery_facts(delivery.pk)["problems"]
    assert f'<tr id="p1"><th scope="row"><a href="#s{problem["segment"]}">' in content
    assert "<mark>20261399</mark>" in content
    assert '<a href="#p1">list ↑</a>' in content


@pytest.mark.parametrize(
    ("text", "place", "marked"),
    [
        ("DTM+2:20261399:203", "1.2", "20261399"),
        ("LIN+1++C-A:IN", "3", "C-A:IN"),
        ("LIN+1++C-A:IN", "2", ""),
        ("FTX+AAI+++it?+s:b", "4.1", "it?+s"),
        ("DTM+2", "5", None),
        ("DTM+2", "x", None),
    ],
)
def test_the_place_of_a_problem_in_its_segment(text: str, place: str, marked: str | None) -> None:
    form = describe(b"UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+1'")
    pieces = mark(text, place, form)
    assert "".join(piece for piece, _ in pieces) == text
    assert next((piece for piece, here in pieces if here), None) == marked


@pytest.mark.parametrize(
    ("head", "form", "encoding", "signs"),
    [
        (b"UNB+UNOC:3+A+B+261123:0600+1'", "edifact", "iso8859-1", (":", "+", "?", "none", "'")),
        (b"UNA:+.?*'UNB+UNOW:4+A+B+20261123:0600+1'", "edifact", "utf-8", (":", "+", "?", "*", "'")),
        (b"nothing\x00known", None, "utf-8", ()),
    ],
)
def test_character_set_and_separators_are_told(
    head: bytes, form: str | None, encoding: str, signs: tuple[str, ...]
) -> None:
    found = describe(head)
    assert (found.format, found.encoding) == (form, encoding)
    assert tuple(sign for _, sign in found.signs) == signs


def test_ten_thousand_segments_are_paged_and_the_calls_beside_are_those_named(
    page: Client, sender: Sender
) -> None:
    delivery = stored(sender.partner, deljit([Call(n) for n in range(1, 1431)], 5))
    facts = detail.delivery_facts(delivery.pk, start=5001)
    assert facts["segments"]["total"] > 10_000
    assert (facts["segments"]["first"], facts["segments"]["last"]) == (5001, 5400)
    waiting = [event["row"].number for event in facts["events"] if event["waits"]]
    assert waiting == list(range(1, detail.WAITING_ROWS + 1)), "what waits is never out of sight"
    named = [event for event in facts["events"] if not event["waits"]]
    assert (named[0]["row"].number, named[-1]["row"].number) == (715, 771)
    assert all(event["places"] for event in named)
    assert page.get(f"/edi/deliveries/{delivery.pk}/?from=5001").status_code == 200


@pytest.mark.parametrize(
    ("raw", "word", "tags"),
    [
        (
            b"".join(line.ljust(128) for line in (b"51101CUST", b"51201001", b"51901")),
            "record",
            ["511", "512", "519"],
        ),
        (b"SEQ;PART\n0001;C-A\n", "line", None),
        (b'{"format": "manual", "call_offs": [\n]}\n', "line", None),
    ],
    ids=["VDA without line ends", "flat", "by hand"],
)
def test_files_without_segments_are_numbered_too(raw: bytes, word: str, tags: list[str] | None) -> None:
    listed = detail.listing(raw, [{"segment": 2, "severity": "reject", "text": "wrong", "element": "3"}], 1)
    assert listed["word"] == word
    assert [row["number"] for row in listed["rows"]] == list(range(1, listed["total"] + 1))
    assert [row["number"] for row in listed["rows"] if row["problems"]] == [2]
    assert tags is None or [row["tag"] for row in listed["rows"]] == tags


def test_a_problem_on_another_page_is_reached(page: Client, sender: Sender, monkeypatch: Any) -> None:
    monkeypatch.setattr(detail, "SEGMENT_ROWS", 5)
    delivery = rejected(sender).interchange.delivery
    segment = detail.delivery_facts(delivery.pk)["problems"][0]["segment"]
    content = page.get(f"/edi/deliveries/{delivery.pk}/").content.decode()
    assert f'href="?from={detail.page_of(segment)}#s{segment}"' in content
    there = page.get(f"/edi/deliveries/{delivery.pk}/?from={detail.page_of(segment)}").content.decode()
    assert f'id="s{segment}" class="has-problem"' in there


def test_the_canonical_json_is_downloaded(page: Client, sender: Sender) -> None:
    delivery = sender.send(Call(1), name="calls.edi")
    answer = page.get(f"/edi/deliveries/{delivery.pk}/canonical/")
    assert answer["Content-Disposition"] == 'attachment; filename="calls.edi.canonical.json"'
    read = json.loads("".join(detail.canonical(delivery.pk)[1]))
    assert read["interchanges"][0]["messages"][0]["call_offs"][0]["sequence_number"] == "0001"


# quarantine


def test_every_code_that_stops_something_has_plain_words() -> None:
    stopping = {code for code, severity in SEVERITIES.items() if severity == "reject"} | HOLD_CODES
    assert stopping - set(parked.REASONS) == set()


def test_quarantine_lists_calls_messages_and_files_with_their_reason(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    rejected(sender)
    sender.send_raw(b"Dear supplier,\nsee attached\n", "mail.txt")
    found = parked.quarantine(parked.Asked(), at=timezone.now())
    assert sorted(row["kind"] for row in found["rows"]) == ["call", "file", "message"]
    assert all(row["what"] and row["remedy"] for row in found["rows"])
    content = page.get("/edi/quarantine/").content.decode()
    assert "The sequence jumps far outside of what was called" in content
    assert "raise the stream&#x27;s largest step" in content


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"kind": "event"}, ["call"]),
        ({"status": "HELD"}, ["call"]),
        ({"code": "sequence_jump"}, ["call"]),
        ({"kind": "message"}, ["message"]),
        ({"partner": "OTHER"}, []),
    ],
)
def test_quarantine_is_filtered_by_the_address(
    sender: Sender, asked: dict[str, str], kinds: list[str]
) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    rejected(sender)
    rows = parked.quarantine(parked.Asked(**asked), at=timezone.now())["rows"]
    assert [row["kind"] for row in rows] == kinds


def test_an_empty_quarantine_says_what_will_appear(page: Client, partner: TradingPartner) -> None:
    assert b"Quarantine is empty." in page.get("/edi/quarantine/").content


def test_chosen_lines_are_discarded_with_one_reason(page: Client, sender: Sender) -> None:
    sender.send(Call(1), Call(900), Call(901))
    keys = [f"event:{pk}" for pk in InboundEvent.objects.filter(status="HELD").values_list("pk", flat=True)]
    refused = page.post("/edi/quarantine/discard/", {"key": keys}, headers={"HX-Request": "true"})
    assert (refused.status_code, b"say in a few words why" in refused.content) == (409, True)
    answer = page.post("/edi/quarantine/discard/", {"key": keys, "reason": "old list"})
    assert (answer["HX-Trigger"], b"<b>2</b> discarded" in answer.content) == ("acted", True)
    assert set(InboundEvent.objects.exclude(number=1).values_list("status", "note")) == {
        ("DISCARDED", "old list")
    }


def test_chosen_lines_are_released(page: Client, sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), Call(900))
    plant.stream.max_jump = 2000
    plant.stream.save()
    key = f"event:{InboundEvent.objects.get(status='HELD').pk}"
    assert b"<b>1</b> applied" in page.post("/edi/quarantine/release/", {"key": [key]}).content


def test_quality_may_look_but_not_decide(client: Client, sender: Sender) -> None:
    sender.send(Call(1), Call(900))
    client.force_login(person("q", "quality", "Q"))
    content = client.get("/edi/quarantine/").content
    assert b"Correct" not in content
    assert b"data-needs-choice" not in content
    for address in ("/edi/quarantine/release/", "/edi/quarantine/discard/"):
        assert client.post(address, {"key": "event:1", "reason": "x"}).status_code == 403


# corrections


def test_a_call_is_corrected_on_its_page(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    event = InboundEvent.objects.get(status="HELD")
    address = f"/edi/events/{event.pk}/correct/"
    assert b'value="0900"' in page.get(address).content
    form = {
        **event.content,
        "sequence_number": "0002",
        "part_number": ["C-A"],
        "quantity": ["1"],
        "options": [""],
    }
    form = {
        name: value for name, value in form.items() if isinstance(value, str | list) and name != "components"
    }
    checked = page.post(address, {**form, "action": "check", "reason": ""})
    assert b"applied" in checked.content
    assert not CallOff.objects.filter(call_number="V0900").exists()
    refused = page.post(address, {**form, "action": "apply", "reason": ""})
    assert (refused.status_code, b"say in a few words why" in refused.content) == (409, True)
    done = page.post(address, {**form, "action": "apply", "reason": "OEM, phone"})
    assert done.status_code == 302
    correction = Delivery.objects.get(kind="CORRECTION")
    assert correction.corrects_event == event
    shown = page.get(f"/edi/deliveries/{correction.pk}/").content.decode()
    assert "OEM, phone" in shown
    assert f"/edi/deliveries/{event.message.interchange.delivery_id}/#e{event.pk}" in shown


def test_what_the_form_does_not_show_of_a_part_is_kept(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    event = InboundEvent.objects.get(status="HELD")
    form = {"event": "NEW", "production_number": "V0900", "sequence_number": "0002", "part_number": ["C-A"]}
    page.post(
        f"/edi/events/{event.pk}/correct/",
        {**form, "quantity": ["2"], "options": [""], "action": "apply", "reason": "x"},
    )
    (call,) = json.loads(bytes(Delivery.objects.get(kind="CORRECTION").raw))["call_offs"]
    (part,) = call["components"]
    assert (part["part_number"], part["quantity"], part["unit"]) == ("C-A", "2", "PCE")


def test_a_message_is_corrected_as_text(page: Client, sender: Sender) -> None:
    found = rejected(sender)
    address = f"/edi/messages/{found.pk}/correct/"
    shown = page.get(address).content.decode()
    assert "20261399" in shown
    assert "UNZ+1+41" in shown
    text = "\n".join(line + "'" for line in message([Call(2)], ref="2"))
    assert b"accepted" in page.post(address, {"text": text, "action": "check"}).content
    assert page.post(address, {"text": text, "action": "apply", "reason": "x"}).status_code == 302
    assert Delivery.objects.get(kind="CORRECTION").corrects_message == found


# by hand


def test_the_form_checks_without_writing_then_enters(page: Client, partner: TradingPartner) -> None:
    assert b"Choose the partner first." not in page.get("/edi/manual/new/?partner=OEM-D").content
    checked = page.post("/edi/manual/new/", {**FORM, "action": "check"})
    assert b"would be applied" in checked.content
    assert not ManualEntry.objects.exists()
    assert page.post("/edi/manual/new/", {**FORM, "action": "enter"}).status_code == 302
    assert ManualEntry.objects.get().calls[0]["required_at"] == "2026-11-23T14:00"


def test_what_is_wrong_stands_beside_its_field(page: Client, partner: TradingPartner) -> None:
    answer = page.post("/edi/manual/new/", {**FORM, "sequence_number": "", "action": "check"})
    assert b'aria-invalid="true"' in answer.content
    assert b"a new call has a sequence number" in answer.content
    answer = page.post("/edi/manual/new/", {**FORM, "sequence_number": "", "action": "enter"})
    assert (answer.status_code, ManualEntry.objects.count()) == (422, 0)


def test_several_calls_are_pasted_as_a_table(page: Client, partner: TradingPartner) -> None:
    table = "production_number;sequence_number;part_number\nV1;0001;C-A\nV2;0002;C-B\n"
    form = {"partner": "OEM-D", "way": "table", "table": table, "reason": "list", "action": "enter"}
    assert page.post("/edi/manual/new/", form).status_code == 302
    assert [call["call_number"] for call in ManualEntry.objects.get().calls] == ["V1", "V2"]
    wrong = page.post("/edi/manual/new/", {**form, "table": "a;b\n1;2"})
    assert (wrong.status_code, b"is no column" in wrong.content) == (422, True)


def test_the_second_person_approves_and_the_first_cannot(
    page: Client, client: Client, partner: TradingPartner, plant: Plant
) -> None:
    page.post("/edi/manual/new/", {**FORM, "action": "enter"})
    entry = ManualEntry.objects.get()
    assert b"You entered this." in page.get(f"/edi/manual/{entry.pk}/").content
    assert page.post(f"/edi/manual/{entry.pk}/approve/").status_code == 403, (
        "logistics enters, does not approve"
    )
    client.force_login(plant.supervisor)
    assert b"Approve" in client.get(f"/edi/manual/{entry.pk}/").content
    assert client.post(f"/edi/manual/{entry.pk}/approve/", {"note": "list"}).status_code == 204
    entry.refresh_from_db()
    assert (entry.status, entry.decided_by) == ("APPROVED", plant.supervisor)
    assert f"/edi/deliveries/{entry.delivery_id}/" in client.get("/edi/manual/").content.decode()


def test_a_supervisor_cannot_approve_his_own_entry(
    client: Client, partner: TradingPartner, plant: Plant
) -> None:
    client.force_login(plant.supervisor)
    client.post("/edi/manual/new/", {**FORM, "action": "enter"})
    entry = ManualEntry.objects.get()
    answer = client.post(f"/edi/manual/{entry.pk}/approve/", headers={"HX-Request": "true"})
    assert (answer.status_code, b"another person" in answer.content) == (409, True)
    assert client.post(f"/edi/manual/{entry.pk}/refuse/", {"reason": "typed wrong"}).status_code == 204


# before anything is written


def test_a_file_is_simulated_and_forgotten(page: Client, sender: Sender) -> None:
    file = SimpleUploadedFile("try.edi", deljit([Call(1)], 9))
    answer = page.post("/edi/simulate/", {"partner": "OEM-D", "file": file})
    assert b"It would go in without a person" in answer.content
    assert b"V0001" in answer.content
    assert not Delivery.objects.exists()
    assert not CallOff.objects.exists()


def test_a_received_file_is_simulated_again(page: Client, sender: Sender) -> None:
    delivery = sender.send(Call(1))
    shown = page.get(f"/edi/simulate/?delivery={delivery.pk}")
    assert delivery.file_name.encode() in shown.content
    answer = page.post("/edi/simulate/", {"delivery": delivery.pk})
    assert b"Nothing would change." in answer.content


@pytest.mark.parametrize("form", [{}, {"partner": "OEM-D"}])
def test_a_simulation_without_partner_or_file_says_what_is_missing(
    page: Client, partner: TradingPartner, form: dict[str, str]
) -> None:
    answer = page.post("/edi/simulate/", form)
    assert (answer.status_code, b"choose" in answer.content) == (409, True)


# times


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("", "23 Nov 07:00:00 <small>CET</small>"),
        ("Europe/Berlin", "23 Nov 07:00:00 <small>CET</small>"),
        ("America/Chicago", '07:00:00 <small>CET</small> <small class="oem-time">· 00:00 CST OEM</small>'),
        ("Asia/Tokyo", "· 15:00 JST OEM"),
        ("America/Los_Angeles", "· 22 Nov 22:00 PST OEM"),
    ],
)
def test_a_time_stands_on_both_clocks_with_their_zones(
    settings: Any, plant: Plant, zone: str, told: str
) -> None:
    settings.TIME_ZONE = "Europe/Prague"
    assert told in when(plant.at, zone)
    assert 'title="2026-11-23 06:00:00 UTC"' in when(plant.at, zone)


def test_lists_show_the_clock_of_the_oem(page: Client, sender: Sender) -> None:
    OemPlant.objects.update(time_zone="Asia/Tokyo")
    sender.send(Call(1))
    assert b"JST OEM" in page.get("/edi/").content
