from django.apps import AppConfig


class EdiConfig(AppConfig):
    name = "edi"

    def ready(self) -> None:
        from edi import checks, trace  # noqa: F401 - registers the checks of the gate
        from sequencer.services.trace import add_source

        add_source(trace.messages)
