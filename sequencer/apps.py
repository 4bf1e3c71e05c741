from django.apps import AppConfig


class SequencerConfig(AppConfig):
    name = "sequencer"
    verbose_name = "Sequencing"

    def ready(self) -> None:
        from sequencer import checks  # noqa: F401 - registers the plant checks
