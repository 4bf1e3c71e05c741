"""Times of day in words: what happened on our clock, a due time on ours and on the OEM plant's."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone


def our_clock(moment: datetime, *, day: bool = False) -> str:
    """What happened, or what we end ourselves: `14:32`, with `day` `21.11. 14:32`."""
    return f"{timezone.localtime(moment):{'%d.%m. ' * day}%H:%M}"


def on_both(moment: datetime, zone: str, *, day: bool = False) -> tuple[str, str]:
    """Our clock and the OEM's: `("14:32", "08:32 EST")`; the second is empty where both stand alike at that moment.

    With `day` the date stands before our time. The OEM's date is told where it is another than ours. In the hour that
    comes twice in autumn our clock names its zone, as the OEM's always does.
    """
    return _beside(moment, timezone.get_current_timezone(), ZoneInfo(zone), day=day)


def both_clocks(moment: datetime, zone: str, *, day: bool = False) -> str:
    """The same in one line: `14:32 (OEM 08:32 EST)`."""
    here, there = on_both(moment, zone, day=day)
    return f"{here} (OEM {there})" if there else here


def his_first(moment: datetime, zone: str) -> tuple[str, str]:
    """The OEM's clock and ours, for his eyes: `("08:32", "14:32 CET")`; the second is empty where both stand alike."""
    return _beside(moment, ZoneInfo(zone), timezone.get_current_timezone())


def _beside(moment: datetime, first: tzinfo, second: tzinfo, *, day: bool = False) -> tuple[str, str]:
    here, there = moment.astimezone(first), moment.astimezone(second)
    twice = here.replace(fold=0).utcoffset() != here.replace(fold=1).utcoffset()
    words = f"{here:%d.%m. }" * day + f"{here:%H:%M}" + f" {here:%Z}" * twice
    if here.utcoffset() == there.utcoffset():
        return words, ""
    return words, f"{there:%d.%m. }" * (here.date() != there.date()) + f"{there:%H:%M %Z}"
