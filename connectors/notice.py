"""Notices to the stewards, by the incoming webhook of whatever the city talks in (Mattermost, Slack, n8n …)."""

from __future__ import annotations

import os

import requests

URL = "OPDHUB_NOTICE_URL"
SECONDS = 10


def send_notice(text: str) -> bool:
    """Post {"text": …} to the address in OPDHUB_NOTICE_URL; return whether there is one, and it took the notice.

    It never raises: what went wrong already must not be hidden by a channel that is down.
    """
    address = os.environ.get(URL)
    if not address:
        return False
    try:
        return requests.post(address, json={"text": text}, timeout=SECONDS).ok
    except requests.RequestException:
        return False
