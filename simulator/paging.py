"""How the sample city's APIs hand out their records page by page."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import URL

from schemas.feed import Pagination

#: the most records in one answer, whatever the client asks for
MOST = 1000


@dataclass(frozen=True)
class Resource:
    """The records of a resource, and where the answer carries them (JSON path, None: it is the list)."""

    records_path: str | None
    pagination: Pagination
    records: list[Any] = field(repr=False)


def page_of(resource: Resource, url: URL) -> tuple[Any, dict[str, str]]:
    """Return the body and the headers of the page that the URL asks for; raises ValueError on a bad parameter."""
    paging, total = resource.pagination, len(resource.records)
    if paging.style == "single":
        return _body(resource, resource.records), {}
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    size = max(1, min(int(query.get(paging.size_param, paging.page_size)), MOST))
    start = _start(paging, query.get(paging.param), size)
    if start < 0:
        raise ValueError(f"{paging.param} is out of range")
    body = _body(resource, resource.records[start : start + size])
    headers: dict[str, str] = {}
    if paging.total_path is not None:
        _put(body, paging.total_path, total)
    following = _parameter(paging, start + size, size) if start + size < total else None
    address = str(url.include_query_params(**{paging.param: following})) if following is not None else None
    if paging.style == "link_header" and address is not None:
        headers["Link"] = f'<{address}>; rel="next"'
    if paging.style in ("cursor", "json_link") and paging.next_path is not None:
        _put(body, paging.next_path, following if paging.style == "cursor" else address)
    return body, headers


def _start(paging: Pagination, text: str | None, size: int) -> int:
    """Return the position of the first record, from 0."""
    if paging.style == "offset":
        return int(text or 0)
    if paging.style == "cursor":
        try:
            return int(base64.urlsafe_b64decode(text).decode()) if text else 0
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{paging.param} is not a cursor") from error
    return (int(text or paging.first_page) - paging.first_page) * size


def _parameter(paging: Pagination, start: int, size: int) -> str:
    """Return the parameter's value that asks for the records from `start` on."""
    if paging.style == "offset":
        return str(start)
    if paging.style == "cursor":
        return base64.urlsafe_b64encode(str(start).encode()).decode()
    return str(start // size + paging.first_page)


def _body(resource: Resource, records: list[Any]) -> Any:
    if resource.records_path is None:
        return records
    body: dict[str, Any] = {}
    _put(body, resource.records_path, records)
    return body


def _put(body: Any, path: str, value: Any) -> None:
    """Set a value at a dotted path, making the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        body = body.setdefault(step, {})
    body[last] = value
