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
        ("sequencer_releasepace", "Release pace", "pace"),
        ("sequencer_setrule", "Sets", "join"),
        ("sequencer_commodityroute", "Pick or build", "alt_route"),
        ("sequencer_packinginstruction", "Packing instructions", "package_2"),
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
        ("sequencer_trailertype", "Trailer types", "rv_hookup"),
        ("sequencer_truckstop", "Stops of a truck", "pin_drop"),
        ("sequencer_station", "Stations and docks", "barcode_scanner"),
        ("sequencer_stationlights", "Pick-to-light", "lightbulb"),
        ("sequencer_challengelabel", "Challenge labels", "rule"),
        ("sequencer_processcontrol", "Process controls", "shield"),
    )),
    ("Printing", (
        ("sequencer_printer", "Printers", "print"),
        ("sequencer_printerassignment", "What is printed where", "alt_route"),
        ("sequencer_labellayout", "Label layouts", "label"),
        ("sequencer_labelissuer", "Who we are on labels", "id_card"),
    )),
    ("Partners", (
        ("edi_tradingpartner", "Trading partners", "handshake"),
        ("edi_calloffroute", "Routes", "alt_route"),
        ("edi_oemcalendar", "OEM calendars", "calendar_month"),
        ("edi_linepulse", "Pulses", "ecg_heart"),
        ("edi_partnerchannel", "Channels", "cable"),
    )),
    ("Production planning", (
        ("scheduling_workcentre", "Work centres", "factory"),
        ("scheduling_resource", "Resources", "precision_manufacturing"),
        ("scheduling_shiftcalendar", "Shift calendars", "calendar_month"),
        ("scheduling_nonproductionday", "Non-production days", "event_busy"),
        ("scheduling_setuptime", "Setup times", "grid_on"),
        ("scheduling_keyrule", "Co-sorting keys", "key"),
        ("scheduling_sequencingstep", "Sequencing steps", "format_list_numbered"),
        ("scheduling_planningrules", "Planning rules", "rule_settings"),
        ("scheduling_scheduledrun", "Scheduled runs", "schedule"),
        ("scheduling_routing", "Routings", "account_tree"),
        ("scheduling_manufacturingorder", "Manufacturing orders", "assignment"),
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
        ("sequencer_sealedmove", "Moves in sealed racks", "move_down"),
        ("sequencer_loosepiece", "Loose pieces", "pallet"),
        ("sequencer_unit", "Units", "qr_code_2"),
        ("sequencer_quantitycall", "Calls by quantity", "stacks"),
        ("sequencer_kanbancard", "Kanban cards", "style"),
        ("sequencer_handlingunit", "Boxes", "package_2"),
        ("sequencer_shipment", "Shipments", "local_shipping"),
        ("sequencer_carriermovement", "Returnable racks", "sync_alt"),
        ("sequencer_deliveryline", "Deliveries", "fact_check"),
        ("sequencer_deliveryreceipt", "Receipts", "task"),
        ("sequencer_billingline", "Self-billing", "receipt_long"),
        ("sequencer_sharelink", "Share links", "link"),
        ("sequencer_docksignal", "Dock signals", "campaign"),
        ("sequencer_sequencegap", "Gaps", "space_bar"),
        ("sequencer_lineconsumption", "Line positions", "conveyor_belt"),
        ("sequencer_setrelease", "Sets let go", "link_off"),
        ("sequencer_routeswitch", "Pick or build, switched", "alt_route"),
        ("sequencer_grouproute", "Calls on another route", "alt_route"),
        ("sequencer_lightcommand", "Light commands", "lightbulb"),
        ("sequencer_streamhold", "Holds", "front_hand"),
        ("sequencer_floorexception", "Exceptions", "report"),
        ("sequencer_qualityhold", "Quality holds", "pan_tool"),
        ("sequencer_scanevent", "Scans", "barcode_reader"),
        ("sequencer_printjob", "Print jobs", "print"),
        ("sequencer_labelrecord", "Label numbers", "barcode"),
        ("sequencer_override", "Overrides", "lock_open"),
        ("sequencer_bypass", "Bypasses", "remove_moderator"),
        ("sequencer_errorproofingcheck", "Start-of-shift checks", "fact_check"),
        ("sequencer_papersheet", "Paper sheets", "receipt_long"),
        ("sequencer_offlinespell", "Outages of stations", "wifi_off"),
        ("sequencer_task", "Tasks", "task_alt"),
        ("sequencer_plantevent", "Journal", "history"),
        ("scheduling_operation", "Operations", "handyman"),
        ("scheduling_plan", "Plans", "view_timeline"),
        ("scheduling_planmove", "Moves of a plan", "drag_indicator"),
        ("scheduling_schedulerun", "Scheduler runs", "memory"),
        ("scheduling_exportrow", "Plan to the ERP", "output"),
        ("edi_fetchedfile", "Files fetched", "cloud_download"),
        ("edi_transmissiongap", "Missing transmissions", "link_off"),
        ("edi_transmissioncounter", "Transmission counters", "123"),
        ("edi_sequencecycle", "Sequence cycles", "123"),
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
