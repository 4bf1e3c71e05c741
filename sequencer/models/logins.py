"""Wrong log-ins that still count."""

from __future__ import annotations

from django.db import models


class LoginTries(models.Model):
    """Wrong passwords in a row of one name from one address. A table, so that a restart forgives nothing."""

    user_name = models.CharField(max_length=150)
    address = models.CharField(max_length=45, blank=True)
    wrong_count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-last_at"]
        verbose_name_plural = "login tries"
        constraints = [models.UniqueConstraint(fields=["user_name", "address"], name="login_tries_once")]

    def __str__(self) -> str:
        return f"{self.user_name} from {self.address}: {self.wrong_count}"
