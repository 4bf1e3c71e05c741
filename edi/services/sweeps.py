"""The safety net of intake: what a dead worker or a lost wake-up left behind is found here."""

from __future__ import annotations

import logging
from datetime import datetime

from edi.models import TradingPartner
from edi.services.business import issue_business_answers
from edi.services.intake import rescue_files
from edi.services.lanes import sweep_lanes

log = logging.getLogger(__name__)


def sweep_intake(*, at: datetime) -> int:
    """Takes up files of dead workers, marks late archives, runs every lane with work; returns how many.

    What is settled by then is answered where the partner agreed to an APERAK or 824.
    """
    for partner in TradingPartner.objects.all():
        try:
            rescue_files(partner, at=at)
        except OSError as error:
            # The watcher tells of a folder that is away; the other partners' files are not kept waiting by it.
            log.warning("%s: %s", partner, error)
    try:
        return sweep_lanes()
    finally:
        # One partner's defect keeps no other partner's answers back.
        issue_business_answers(at=at)
