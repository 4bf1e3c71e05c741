"""The menu of admin, by what a person wants to keep. Pages of the apps above are named, not imported."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

MENU = (
    ("Plants and programs", (
        ("sequencer_oemplant", "OEM plants", "factory"),
        ("sequencer_line", "Lines", "conveyor_belt"),
        ("sequencer_unloadingpoint", "Unloading points", "dock_to_left"),
        ("sequencer_sequencestream", "Sequence counters", "tag"),
        ("sequencer_sequencingprogram", "Programs", "view_list"),
        ("sequencer_commodity", "Commodities", "category"),
    )),
    ("Parts", (
        ("inventory_customer", "Customers", "apartment"),
        ("inventory_part", "Parts", "deployed_code"),
        ("inventory_customerpart", "Customer numbers", "swap_horiz"),
        ("inventory_bomline", "Bill of material", "account_tree"),
        ("inventory_cumulativeopening", "Cumulative openings", "start"),
    )),
    ("Racks and stations", (
        ("sequencer_racktype", "Rack types", "grid_view"),
        ("sequencer_carrier", "Carriers", "shelves"),
        ("sequencer_station", "Stations and docks", "barcode_scanner"),
    )),
    ("Partners", (
        ("edi_tradingpartner", "Trading partners", "handshake"),
        ("edi_calloffroute", "Routes", "alt_route"),
        ("edi_oemcalendar", "OEM calendars", "calendar_month"),
        ("edi_linepulse", "Pulses", "ecg_heart"),
        ("edi_partnerchannel", "Channels", "cable"),
    )),
    ("People", (
        ("auth_user", "Users", "person"),
        ("sequencer_badge", "Badges and PINs", "badge"),
        ("auth_group", "Roles", "group"),
        ("authtoken_tokenproxy", "API tokens", "key"),
    )),
    ("What happened", (
        ("sequencer_calloff", "Call-offs", "directions_car"),
        ("sequencer_componentgroup", "Component groups", "widgets"),
        ("sequencer_rack", "Racks", "inventory_2"),
        ("sequencer_unit", "Units", "qr_code_2"),
        ("sequencer_shipment", "Shipments", "local_shipping"),
        ("sequencer_sequencegap", "Gaps", "space_bar"),
        ("sequencer_streamhold", "Holds", "front_hand"),
        ("sequencer_scanevent", "Scans", "barcode_reader"),
        ("sequencer_task", "Tasks", "task_alt"),
        ("sequencer_plantevent", "Journal", "history"),
        ("edi_fetchedfile", "Files fetched", "cloud_download"),
        ("edi_transmissiongap", "Missing transmissions", "link_off"),
        ("edi_transmissioncounter", "Transmission counters", "123"),
        ("edi_ledgerclosing", "Closed days", "lock_clock"),
        ("inventory_demandschedule", "Releases", "event_note"),
        ("inventory_cumulativebalance", "Cumulative counts", "balance"),
        ("edi_deliveryconfirmation", "Confirmed deliveries", "inventory"),
        ("edi_delivery", "Files received", "download"),
        ("edi_interchange", "Envelopes", "mail"),
        ("edi_inboundmessage", "Messages received", "description"),
        ("edi_inboundevent", "Call-off events", "bolt"),
        ("edi_outboundmessage", "Messages sent", "upload"),
    )),
)  # fmt: skip


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "separator": True,
            "collapsible": title == "What happened",
            "items": [
                {"title": name, "icon": icon, "link": reverse(f"admin:{page}_changelist")}
                for page, name, icon in pages
            ],
        }
        for title, pages in MENU
    ]


def favicon(request: HttpRequest) -> str:
    return static("icon.svg")
