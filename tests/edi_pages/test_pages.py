"""The EDI pages: what came and went is seen, and what a person does about it carries name and reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from edi import detail, monitor
from edi.models import Delivery, InboundEvent, OutboundMessage, TradingPartner
from sequencer.models import CallOff
from tests.edi.files import Call, Sender, deljit, message
from tests.factories import Plant, person


def held(sender: Sender) -> InboundEvent:
    """A jump of the sequence that a person must decide."""
    sender.send(Call(1))
    sender.send(Call(900))
    return InboundEvent.objects.get(status="HELD")


def broken(sender: Sender) -> Delivery:
    """One segment too few counted: the message is rejected, its bytes stay."""
    raw = deljit([Call(1)], 7).replace(b"UNT+11", b"UNT+12")
    assert b"UNT+12" in raw
    return sender.send_raw(raw, "broken.edi")


# the monitor


def test_a_plant_without_partner_is_told_what_to_do(db: None, client: Client) -> None:
    client.force_login(person("clerk", "logistics", "LOG"))
    assert b"No partner yet." in client.get("/edi/").content


def test_a_partner_that_has_sent_nothing_is_listed(page: Client, partner: TradingPartner) -> None:
    content = page.get("/edi/").content
    assert b"OEM-D" in content
    assert b"No file received yet." in content


def test_a_file_is_listed_with_what_became_of_its_calls(page: Client, sender: Sender) -> None:
    sender.send(Call(1), Call(2), Call(900))
    content = page.get("/edi/").content.decode()
    assert "2 applied · 1 held" in content
    (row,) = [r for r in monitor.partners(at=timezone.now()) if r["direction"] == "in"]
    assert (row["type"], row["today"], row["held"], row["errors"]) == ("DELJIT", 1, 1, 0)


def test_a_rejected_message_is_not_shown_as_well(page: Client, sender: Sender) -> None:
    broken(sender)
    (row,) = monitor.traffic(monitor.Wanted(direction="in"))["rows"]
    assert (row["status"], row["level"]) == ("PARSED", "stop")


@pytest.mark.parametrize(("silent", "colour"), [(170, ""), (190, "soon"), (610, "stop")])
def test_silence_is_coloured_by_the_partners_own_pulse(sender: Sender, silent: int, colour: str) -> None:
    delivery = sender.send(Call(1))
    now = delivery.received_at + timedelta(seconds=silent)
    rows = [row for row in monitor.partners(at=now) if row["direction"] == "in"]
    assert [row["level"] for row in rows] == [colour]


def test_filters_of_the_address(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), name="one.edi")
    sender.send(Call(900), name="two.edi")
    sender.send(Call(2), control=1, name="three.edi")

    def names(**asked: Any) -> list[str]:
        rows = monitor.traffic(monitor.Wanted(direction="in", **asked))["rows"]
        return sorted(row["name"] for row in rows)

    assert names() == ["one.edi", "three.edi", "two.edi"]
    assert names(q="V0900") == ["two.edi"]
    assert names(q="0001") == ["one.edi"]
    assert names(q="thre") == ["three.edi"]
    assert names(status="HELD") == ["two.edi"]
    assert names(status="QUARANTINED") == ["three.edi"]
    assert names(type="DELJIT", partner="OEM-D") == ["one.edi", "three.edi", "two.edi"]
    assert names(partner="OTHER") == []
    assert names(until=timezone.now() - timedelta(days=1)) == []


def test_a_broken_time_in_the_address_filters_nothing(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    for until in ("yesterday", "2026-13-45T00:00:00Z", "2026-11-21T10:00:00"):
        assert b"1 applied" in page.get("/edi/", {"until": until}).content


def test_older_rows_are_reached_by_the_link(page: Client, sender: Sender, monkeypatch: Any) -> None:
    monkeypatch.setattr(monitor, "LIST_ROWS", 2)
    for n in (1, 2, 3):
        sender.send(Call(n), name=f"{n}.edi")
    first = monitor.traffic(monitor.Wanted(direction="in"))
    assert [row["name"] for row in first["rows"]] == ["3.edi", "2.edi"]
    rest = monitor.traffic(monitor.Wanted(direction="in", until=first["older"]))
    assert [row["name"] for row in rest["rows"]] == ["1.edi"]


def test_the_pulse_of_a_line_names_only_its_partners(page: Client, sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    TradingPartner.objects.create(code="OTHER", name="x", customer=plant.customer, profile="generic_866")
    content = page.get(f"/edi/pulse/?line={plant.line.pk}").content
    assert b"OEM-D" in content
    assert b"OTHER" not in content


# one file


@pytest.mark.parametrize("rest", ["QTY+131:1:PC", "FTX+AAA+++it?'s cut"])
def test_the_piece_with_which_a_cut_file_ends_is_listed_at_its_place(
    page: Client, sender: Sender, rest: str
) -> None:
    whole = deljit([Call(1)], 7)
    raw = whole[: whole.index(b"QTY")] + rest.encode() + b"\r\n"
    delivery = sender.send_raw(raw, "cut.edi")
    facts = detail.delivery_facts(delivery.pk)
    (cut,) = [problem for problem in facts["problems"] if problem["code"] == "truncated"]
    last = facts["segments"]["rows"][-1]
    assert (last["number"], last["text"]) == (cut["segment"], rest)
    content = page.get(f"/edi/deliveries/{delivery.pk}/").content.decode()
    assert f'<li id="s{cut["segment"]}" class="has-problem">' in content
    assert "message not" not in content, "a file in quarantine says it once"


def test_segments_are_numbered_and_problems_stand_at_their_place(page: Client, sender: Sender) -> None:
    delivery = broken(sender)
    facts = detail.delivery_facts(delivery.pk)
    (problem,) = facts["problems"]
    at = [row["number"] for row in facts["segments"]["rows"] if row["problems"]]
    assert at == [problem["segment"]]
    assert facts["segments"]["rows"][at[0] - 1]["tag"] == "UNT"
    assert b"has-problem" in page.get(f"/edi/deliveries/{delivery.pk}/").content


def test_events_show_the_canonical_reading(page: Client, sender: Sender) -> None:
    delivery = sender.send(Call(1))
    (event,) = detail.delivery_facts(delivery.pk)["events"]
    lines = {line["name"]: line["text"] for line in event["tree"]}
    assert (lines["sequence_number"], lines["vin"], lines["part_number"]) == ("0001", f"VIN{1:014d}", "C-A")


def test_absent_facts_are_left_out_of_the_tree() -> None:
    lines = detail.tree({"a": None, "b": "", "c": {"d": "1", "e": []}, "f": [{"g": 0}]})
    assert [(line["depth"], line["name"], line["text"]) for line in lines] == [
        (0, "c", ""),
        (1, "d", "1"),
        (0, "f 1", ""),
        (1, "g", "0"),
    ]


def test_a_long_file_is_listed_in_parts(sender: Sender, monkeypatch: Any) -> None:
    monkeypatch.setattr(detail, "SEGMENT_ROWS", 5)
    delivery = sender.send(Call(1))
    first = detail.delivery_facts(delivery.pk)["segments"]
    assert ([row["number"] for row in first["rows"]], first["more_from"]) == ([1, 2, 3, 4, 5], 6)
    last = detail.delivery_facts(delivery.pk, start=11)["segments"]
    assert (last["rows"][0]["number"], last["less_from"]) == (11, 6)


def test_bytes_that_are_no_edi_are_shown_and_escaped(page: Client, sender: Sender) -> None:
    delivery = sender.send_raw(b"<script>alert(1)</script>", "notes.txt")
    content = page.get(f"/edi/deliveries/{delivery.pk}/").content
    assert b"&lt;script&gt;alert(1)" in content
    assert b"<script>alert(1)" not in content


def test_raw_bytes_leave_unaltered_as_an_attachment(page: Client, sender: Sender) -> None:
    delivery = sender.send(Call(1), name="calls.edi")
    answer = page.get(f"/edi/deliveries/{delivery.pk}/raw/")
    assert answer.content == bytes(delivery.raw)
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"] == 'attachment; filename="calls.edi"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_delivery_that_does_not_exist_is_a_404_page(page: Client) -> None:
    assert page.get("/edi/deliveries/99/").status_code == 404
    assert page.get("/edi/outbound/99/").status_code == 404


# what people do


def test_preview_tells_what_would_change_and_changes_nothing(page: Client, sender: Sender) -> None:
    event = held(sender)
    before = list(InboundEvent.objects.values()), list(CallOff.objects.values())
    content = page.get(f"/edi/events/{event.pk}/preview/").content.decode()
    assert "held" in content
    assert (list(InboundEvent.objects.values()), list(CallOff.objects.values())) == before


def test_an_event_is_tried_again_after_the_reason_is_gone(page: Client, sender: Sender, plant: Plant) -> None:
    event = held(sender)
    plant.stream.max_jump = 2000
    plant.stream.save()
    answer = page.post(f"/edi/events/{event.pk}/reprocess/")
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    event.refresh_from_db()
    assert event.status == "APPLIED"
    assert CallOff.objects.filter(call_number="V0900").exists()


def test_an_event_is_discarded_by_name_with_a_reason(page: Client, sender: Sender, clerk: User) -> None:
    event = held(sender)
    assert b"Reason" in page.get(f"/edi/events/{event.pk}/discard/").content
    refused = page.post(f"/edi/events/{event.pk}/discard/", {"reason": " "}, headers={"HX-Request": "true"})
    assert (refused.status_code, b"data-refused" in refused.content) == (409, True)
    assert page.post(f"/edi/events/{event.pk}/discard/", {"reason": "wrong line"}).status_code == 204
    event.refresh_from_db()
    assert (event.status, event.by, event.note) == ("DISCARDED", clerk, "wrong line")


def test_an_applied_event_cannot_be_discarded(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    event = InboundEvent.objects.get()
    assert page.post(f"/edi/events/{event.pk}/discard/", {"reason": "x"}).status_code == 409


def test_a_stopped_file_offers_to_be_read_again_and_is(page: Client, sender: Sender) -> None:
    sender.send(Call(1), control=5)
    delivery = sender.send(Call(2), control=5)
    assert delivery.status == "QUARANTINED"
    assert b"Read the file again" in page.get(f"/edi/deliveries/{delivery.pk}/").content
    assert page.post(f"/edi/deliveries/{delivery.pk}/reprocess/").status_code == 204
    delivery.refresh_from_db()
    assert delivery.status == "RECEIVED"


def test_a_good_file_does_not_offer_it(page: Client, sender: Sender) -> None:
    delivery = sender.send(Call(1))
    assert b"Read the file again" not in page.get(f"/edi/deliveries/{delivery.pk}/").content


def test_quality_reads_but_has_no_buttons(client: Client, sender: Sender) -> None:
    event = held(sender)
    client.force_login(person("q", "quality", "Q"))
    content = client.get(f"/edi/deliveries/{event.message.interchange.delivery_id}/").content
    assert b"Discard" not in content
    assert b"hx-post" not in client.get(f"/edi/events/{event.pk}/preview/").content


def test_a_sent_message_is_sent_again_with_a_reason(page: Client, partner: TradingPartner) -> None:
    sent = OutboundMessage.objects.create(
        partner=partner,
        kind="DESADV",
        control_ref="9",
        file_name="D9.edi",
        content=b"UNB+UNOA:2+US+OEM+261121:0600+9'UNZ+0+9'",
        status="SENT",
        created_at=timezone.now(),
        due_at=timezone.now(),
        sent_at=timezone.now(),
    )
    shown = page.get(f"/edi/outbound/{sent.pk}/").content
    assert b"Resend" in shown
    assert b"UNB+UNOA:2" in shown
    assert page.post(f"/edi/outbound/{sent.pk}/resend/", {"reason": ""}).status_code == 409
    assert page.post(f"/edi/outbound/{sent.pk}/resend/", {"reason": "they lost it"}).status_code == 204
    sent.refresh_from_db()
    assert sent.status == "READY"
    assert page.get(f"/edi/outbound/{sent.pk}/raw/").content == bytes(sent.content)


# speed


def count(page: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert page.get(address).status_code == 200
    return len(captured)


def test_the_monitor_asks_equally_often_for_two_and_for_thirty_files(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    addresses = ("/edi/", "/edi/live/", "/edi/pulse/")
    few = [count(page, address) for address in addresses]
    # Every file tries again what is held, so only the last ones bring more of that.
    for n in range(2, 30):
        sender.send(Call(n), *([Call(900 + n)] if n > 24 else []))
    assert [count(page, address) for address in addresses] == few


def test_a_delivery_asks_equally_often_for_one_and_for_fifty_calls(page: Client, sender: Sender) -> None:
    small = sender.send(Call(1))
    large = sender.send_raw(deljit([Call(n) for n in range(2, 52)], 77), "large.edi")
    assert large.interchanges.get().messages.get().events.count() == 50
    assert count(page, f"/edi/deliveries/{large.pk}/") == count(page, f"/edi/deliveries/{small.pk}/")


def test_messages_of_one_interchange_do_not_add_queries(page: Client, sender: Sender) -> None:
    from tests.edi.files import interchange

    one = sender.send_raw(interchange([message([Call(1)])], 70))
    many = sender.send_raw(interchange([message([Call(n)], ref=str(n)) for n in range(2, 12)], 71))
    assert count(page, f"/edi/deliveries/{many.pk}/") == count(page, f"/edi/deliveries/{one.pk}/")
