"""What a VDA 4916 says: call-offs, one a vehicle."""

from collections.abc import Mapping

from .calls import identify
from .canonical import CallOffEvent, Component
from .drafts import Content
from .profile import Profile
from .vda_layout import VdaLayout
from .vda_values import Builder, Values


class CallBuilder(Builder):
    """VDA 4916: one call-off a vehicle, its parts on the same record or on records below it."""

    def __init__(self, layout: VdaLayout, profile: Profile, header: Mapping[str, str | None]) -> None:
        super().__init__(layout, profile, header)
        self.calls: list[CallOffEvent] = []
        self.call: Values | None = None
        self.components: list[Component] = []

    def take(self, values: Values) -> None:
        if values.record.role == "call":
            self.finish()
            self.call = values
        self.remember(values, "document_number", "issued_at", "ship_to", "buyer", "supplier")
        if values.record.role == "component" or (values.record.role == "call" and values.all("part_number")):
            self.component(values)

    def component(self, values: Values) -> None:
        part = values.get("part_number")
        if self.call is None:
            return
        if part is None:
            text = "the record names no part of the customer"
            values.add("missing_part", text, values.name_of("part_number"))
            return
        self.components.append(
            Component(
                part,
                values.get("supplier_part"),
                values.get("quantity"),
                values.get("unit"),
                values.get("family"),
                values.get("order_ref"),
                tuple(values.all("option")),
            )
        )

    def finish(self) -> None:
        call, self.call = self.call, None
        components, self.components = tuple(self.components), []
        if call is None:
            return
        event = self.event(call)
        sequence, vin, number = (call.get(fact) for fact in ("sequence_number", "vin", "production_number"))
        required_at = call.moment("required_on", "required_time")
        document = self.fact("document_number")
        call_number = identify(self.profile, number, vin, document, sequence, moment=required_at)
        if call_number is None:
            call.add(
                "missing_identity",
                "neither production number, VIN nor document and sequence: nobody could name it",
            )
        if event is None or call_number is None:
            return
        self.calls.append(
            CallOffEvent(
                event=event,
                sequence_number=sequence,
                vin=vin,
                production_number=number,
                dock=call.get("dock"),
                line_feed=call.get("line_feed"),
                required_at=required_at,
                components=components,
                call_number=call_number,
            )
        )

    def event(self, call: Values) -> str | None:
        code = call.get("event") or ""
        event = self.layout.events.get(code)
        if event is None:
            text = f"event code {code!r} is not settled; say in [events] of the layout what it means"
            call.add("unknown_event_code", text, call.name_of("event"))
        return event

    def content(self) -> Content:
        self.finish()
        return self.common(call_offs=tuple(self.calls))
