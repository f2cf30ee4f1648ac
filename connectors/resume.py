"""Errors that say how a reading which broke in the middle goes on."""

from __future__ import annotations

from schemas.errors import RetryLaterError


class LostError(RetryLaterError):
    """The connection broke: reset, ended too early, silent or garbled. Another one may bring what is missing."""


class RestartError(RetryLaterError):
    """The reading broke after rows were given and cannot go on there: begin it again from nothing."""
