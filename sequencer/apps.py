from django.apps import AppConfig


class SequencerConfig(AppConfig):
    name = "sequencer"
    verbose_name = "Sequencing"

    def ready(self) -> None:
        # The checks register themselves; `shared_task` sends through this Celery application.
        from sequencer import celery, checks  # noqa: F401
