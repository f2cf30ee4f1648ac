"""What the REST server must know of each API, and the invented credentials."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from simulator.description import AnyDescription, RestDescription


def secrets(description: RestDescription, seed: int) -> tuple[str, str]:
    """Return the login and password of an API: invented, the same for a seed, with characters a URI must escape."""
    digest = sha256(f"{description.id} {seed}".encode()).hexdigest()
    login = "" if description.auth.style in ("api_key", "bearer", "none") else f"opdhub-{description.connection}"
    return login, f"{digest[:12]}/+@{digest[12:24]}"


def write_rest_settings(folder: Path, descriptions: list[AnyDescription], seed: int) -> None:
    """Write what the REST server must know: paths, paging, and who may enter."""
    apis = {}
    for description in descriptions:
        if isinstance(description, RestDescription):
            login, password = secrets(description, seed)
            resources = {
                name: {"path": table.path, "records": table.records, "pagination": table.pagination.model_dump()}
                for name, table in description.tables.items()
            }
            apis[description.connection] = {
                "auth": description.auth.model_dump(), "login": login, "password": password,
                "unavailable_every": description.unavailable_every, "resources": resources,
            }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "apis.json").touch(mode=0o600)
    (folder / "apis.json").write_text(json.dumps(apis, indent=1), encoding="utf-8")
