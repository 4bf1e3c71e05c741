from django.apps import AppConfig


class EdiConfig(AppConfig):
    name = "edi"

    def ready(self) -> None:
        from edi import checks  # noqa: F401 - registers the checks of the gate
