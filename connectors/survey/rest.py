"""Survey an HTTP API: find its resources, look at a page or two of each, and guess how the rest would come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from connectors.connection import Connection
from connectors.survey.model import Survey, SurveyTable
from connectors.survey.place import check_only, is_chosen, listed, where_of
from connectors.survey.rest_document import Resource, auth_in, is_document, resources_of
from connectors.survey.rest_http import Answer, Api, auth_of, split_query
from connectors.survey.rest_paging import Page, Prober
from connectors.survey.rest_records import columns_of, json_path, records_of, walk
from schemas.errors import ConfigurationError

DOCUMENTS = ("/openapi.json", "/swagger.json", "/v3/api-docs", "/swagger/v1/swagger.json", "/api-docs")
#: a GET that does something, where people named it so; asking it is not reading
DOING = re.compile(
    r"(^|[/_-])(log-?(in|out)|sign-?(in|out)|auth|token|delete|hapus|remove|reset|kirim|send|sync|export|download|unduh"
    r"|cetak|print|health|ping|run|execute)($|[/_-])",
    re.IGNORECASE,
)
XML = re.compile(rb"(\xef\xbb\xbf)?\s*<(?!html|!doctype)", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """What is known before the first resource is asked."""

    auth: dict[str, str]
    resources: list[Resource]
    notes: tuple[str, ...] = ()


def survey_rest(
    connection: Connection,
    *,
    only: Sequence[str] = (),
    paths: Sequence[str] = (),
    sample_rows: int = 200,
    progress: Callable[[int, int | None], None],
) -> Survey:
    """Find the resources by the API's document, or take `paths`, or follow the links at the base address.

    Where paths are given, they alone are looked at; a query (`?status=aktif`) becomes `params`.

    Raises:
        RefusedError: the API refused the login; it is asked once.
        RetryLaterError: the API does not answer.
        ConfigurationError: it tells of no resource, or `only` fits none.

    """
    known = _known(connection, paths)
    api = Api(connection, known.auth)
    resources = known.resources or _linked(api)
    if not resources:
        fix = "name its resources with --path, or add the extra openapi with the path of its document"
        raise ConfigurationError("tells of no resource", where=where_of(connection), fix=fix)
    check_only([one.path for one in resources], only, connection, "resource")
    chosen = [one for one in resources if is_chosen(one.path, only)]
    tables, notes, liked = list[SurveyTable](), list(known.notes), dict[str, None]()
    for done, resource in enumerate(chosen):
        progress(done, len(chosen))
        table, note = _table(api, resource, sample_rows, liked)
        tables.append(table)
        notes += [f"{resource.path}: {note}"] if note else []
    progress(len(chosen), len(chosen))
    failed = [table.name for table in tables if table.problem]
    notes += [f"not sampled: {listed(failed)}"] if failed else []
    return Survey(connection.id, "rest", {"auth": known.auth}, tuple(tables), tuple(notes))


def _known(connection: Connection, paths: Sequence[str]) -> Known:
    document, notes = _document(connection)
    auth, found = auth_of(connection), list[Resource]()
    has_secret = bool(connection.password)
    if document is not None:
        found = resources_of(document, urlsplit(connection.base_url).path.rstrip("/"))
        told = auth_in(document, bool(connection.login))
        is_own = any(
            connection.extra.get(key) for key in ("api_key_header", "api_key_param", "token_path", "login_path")
        )
        if told is not None and has_secret and not is_own:
            auth = _below_base(told, connection)
    elif not paths:
        notes = (*notes, f"no document at {', '.join(DOCUMENTS)}")
    by_path = {one.path: one for one in found}
    if paths:
        found = []
        for given in paths:
            path, params = split_query(given if given.startswith("/") else f"/{given}")
            one = by_path.get(path, Resource(path))
            missing = tuple(name for name in one.missing if name not in params)
            found.append(replace(one, params={**one.params, **params}, missing=missing, is_named=True))
    return Known(auth, found, notes)


def _below_base(auth: dict[str, str], connection: Connection) -> dict[str, str]:
    """Make the address of a token endpoint a path below the base address, which is what a YAML can say."""
    if "token_path" not in auth:
        return auth
    base = connection.base_url
    whole = urljoin(f"{base}/", auth["token_path"])
    return {**auth, "token_path": whole[len(base) :]} if whole.startswith(f"{base}/") else auth_of(connection)


def _document(connection: Connection) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Look for the API's document: without the secret, and with it where the door is closed."""
    given = str(connection.extra.get("openapi") or "")
    visitor, closed = Api(connection, {"style": "none"}), list[str]()
    for path in [given] if given else DOCUMENTS:
        answer = visitor.get(path, is_known=False)
        if answer.status in (401, 403):
            closed.append(path)
        if (content := _as_document(answer, visitor, path)) is not None:
            return content, (f"described by {path}",)
    if closed and connection.password:
        api = Api(connection, auth_of(connection))
        for path in closed:  # the first refusal of the secret ends the survey
            if is_document(content := api.get(path).content):
                return content, (f"described by {path}",)
    notes = (f"{given} is no OpenAPI document",) if given else ()
    return None, notes


def _as_document(answer: Answer, api: Api, path: str) -> dict[str, Any] | None:
    content = answer.content
    if answer.body and path.endswith((".yaml", ".yml")):
        try:
            content = yaml.safe_load(answer.body)
        except yaml.YAMLError:
            return None
    return content if is_document(content) else None


def _linked(api: Api) -> list[Resource]:
    """Return the resources to which the JSON at the base address links; itself, where it has records."""
    answer = api.get("/")
    found = records_of(answer.content)
    if found is not None and found[1] and not any("href" in record for record in found[1]):
        return [Resource("/")]
    return [Resource(path) for path in dict.fromkeys(_links(answer.content, api.base))]


def _links(content: Any, base: str) -> Iterator[str]:
    texts = [value for _, value in walk(content)]
    texts += [item for value in texts if isinstance(value, list) for item in value]
    texts += [text for item in texts if isinstance(item, dict) for text in item.values()]
    for text in texts:
        if isinstance(text, str) and text.startswith(("/", "http://", "https://")):
            url = urljoin(f"{base}/", text)
            path = url[len(base) :].partition("?")[0].partition("#")[0]
            if url.startswith(f"{base}/") and path != "/" and "{" not in path:
                yield path


def _table(api: Api, resource: Resource, rows: int, liked: dict[str, None]) -> tuple[SurveyTable, str]:
    """Return one resource with its sample or its problem, and what the reader should know of its paging."""
    feed: dict[str, Any] = {"path": resource.path}
    feed |= {"params": dict(resource.params)} if resource.params else {}
    described = tuple(resource.columns.values())
    table = SurveyTable(resource.path, "resource", described, comment=resource.description, feed=feed)
    if resource.missing:
        return replace(table, problem=f"asks for {', '.join(resource.missing)}: give --path with a query"), ""
    if DOING.search(resource.path) and not resource.is_named:
        return replace(table, problem="was not asked: its name says that it does something"), ""
    answer = api.get(resource.path, resource.params)
    if answer.problem and XML.match(answer.body):
        return _xml_table(table, answer, rows)
    found = None if answer.problem else records_of(answer.content)
    if found is None:
        return replace(table, problem=answer.problem or "has no list of records in its answer"), ""
    way, records = found
    feed |= {"records": json_path(way)} if way else {}
    if not records:
        return replace(table, rows=0, problem="gave no records"), ""
    if answer.is_cut:
        note = "its answer was not read to the end"
        return replace(table, columns=columns_of(records[:rows], resource.columns)), note
    paging = Prober(api, resource.path, resource.params, way, resource.known, rows, liked).probe(Page(answer, records))
    feed |= {"pagination": paging.keys} if paging.keys["style"] != "single" else {}
    sample = [*records, *paging.more]
    is_whole = paging.keys["style"] == "single" and not paging.note
    total = paging.total if paging.total is not None else len(records) if is_whole else None
    return replace(table, columns=columns_of(sample[:rows], resource.columns), rows=total), paging.note


def _xml_table(table: SurveyTable, answer: Answer, rows: int) -> tuple[SurveyTable, str]:
    """Return a resource that answers XML, as one page; a page that follows is not looked for."""
    from connectors.survey.files_parts import Content, UnreadableError
    from connectors.survey.files_text import xml_part

    try:
        part = xml_part(Content(table.name, answer.body, not answer.is_cut), rows)
    except UnreadableError as error:
        return replace(table, problem=f"its answer {error}"), ""
    feed = {**table.feed, **part.feed}
    return replace(table, columns=part.columns, feed=feed), "answers XML; look how it hands out further pages"
