"""The contract of a flow: a thing a station does over several scans, begun by a printed command."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from inventory.errors import Refused
from sequencer.models import Badge, Station
from sequencer.services.verdicts import Judged

if TYPE_CHECKING:
    from sequencer.services.scans.judging import Judging

PACK_ONLY = frozenset({Station.Kind.PACK})
EVERYWHERE = frozenset({Station.Kind.PACK, Station.Kind.DOCK})


@dataclass(frozen=True, slots=True)
class Ask:
    """What the band asks for: `code` names it for tests and the tray, `text` says it, `detail` stands beneath.

    `cards`: labels that would answer, as (words, raw code, kind of card), for a newcomer without a scanner.
    """

    code: str
    text: str
    detail: str = ""
    cards: tuple[tuple[str, str, str], ...] = ()


class Flow(ABC):
    """One exception, decision or move at a station, in at most three scans.

    `command` is the word on the command sheet (`%C:<command>`). While the flow runs, `Station.mode` is
    `<command>:<state>`; what the state means is the flow's own. `judging.go_on(state)` waits for the next scan,
    `judging.leave()` ends the flow; BACK and another badge always end it. Everything runs in the scan's transaction
    under the station's lock: locks further down are taken in the order of docs/concurrency.md. A `Refused` raised
    here rolls the flow's writes back, ends it and is stored and shown as NOT_NOW with its sentence.
    """

    command: ClassVar[str]
    kinds: ClassVar[frozenset[str]] = PACK_ONLY
    # May be begun although the station is locked by a wrong part.
    when_locked: ClassVar[bool] = False
    # A badge that is scanned while it runs is the flow's; elsewhere it logs in and ends what runs.
    takes_badges: ClassVar[bool] = False
    # What it asks is about the unit asked for: that stays in sight. Elsewhere it would only mislead.
    of_the_unit: ClassVar[bool] = False
    # Stands on the command sheet and among the buttons of the demo tray.
    printed: ClassVar[bool] = True
    title: ClassVar[str] = ""
    # What may stand behind the command on one label (`%C:<command>:<tail>`), with its words for the command sheet.
    ready: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()

    @abstractmethod
    def begin(self, judging: Judging) -> Judged:
        """The command was scanned."""

    def step(self, judging: Judging, state: str) -> Judged:
        """A scan while this flow waits in `state`."""
        raise Refused("no_step", _("%(command)s takes no further scan") % {"command": self.command})

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        """What the screen asks for while this flow waits in `state`."""
        return Ask(self.command, self.command)

    def decides(self, state: str) -> str:
        """What a supervisor lets happen by badge and PIN in `state`, in words: nobody signs what he does not see."""
        return _(self.title)

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        """A supervisor's badge and PIN were shown for `state` (after `judging.want_supervisor(state)`)."""
        raise Refused("no_supervisor_step", _("%(command)s needs no supervisor") % {"command": self.command})


Gate = Callable[["Judging"], Judged | None]
Banner = Callable[[Station, datetime], list[dict[str, Any]]]
