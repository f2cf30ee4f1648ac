"""What an OpenAPI (3.x) or Swagger (2.0) document says of an API: its resources, their columns, and the way in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.survey.model import SurveyColumn

#: schemas within schemas beyond this depth are not followed; a tree of districts refers to itself
DEPTH = 6
JSON_TYPES = ("application/json", "application/hal+json", "application/fhir+json", "*/*")


@dataclass(frozen=True)
class Resource:
    """A GET without parameters in its path.

    Attributes:
        path: below the base address
        params: query parameters that have to be there, with the document's own example
        missing: query parameters that have to be there and have no example
        known: all query parameters
        columns: dotted name → what the document says of it, of every object that the answer may hold
        description: the operation's summary
        is_named: whether the user asked for it by its path
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    columns: Mapping[str, SurveyColumn] = field(default_factory=dict)
    description: str = ""
    is_named: bool = False


def is_document(content: Any) -> bool:
    """Whether an answer is such a document."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("paths"), dict)
        and bool({"openapi", "swagger"} & content.keys())
    )


def resources_of(document: Mapping[str, Any], base_path: str) -> list[Resource]:
    """Return the readable resources; `base_path` is the path of the connection's base address."""
    above = _server_path(document).rstrip("/")
    found = []
    for path, item in document["paths"].items():
        operation = item.get("get") if isinstance(item, dict) else None
        if not isinstance(operation, dict) or "{" in path:
            continue
        whole = above + path
        below = whole[len(base_path) :] if base_path and whole.startswith(f"{base_path}/") else path
        parameters = [
            _resolved(one, document) for one in [*item.get("parameters", []), *operation.get("parameters", [])]
        ]
        query = {str(one.get("name")): one for one in parameters if one.get("in") == "query"}
        needed = {name: _example(one) for name, one in query.items() if one.get("required") is True}
        schema = _answer_schema(operation, document)
        found.append(
            Resource(
                below,
                {name: text for name, text in needed.items() if text is not None},
                tuple(name for name, text in needed.items() if text is None),
                tuple(query),
                dict(_record_columns(schema, document, 0)) if schema else {},
                str(operation.get("summary") or operation.get("description") or "").strip(),
            )
        )
    return found


def auth_in(document: Mapping[str, Any], has_login: bool) -> dict[str, str] | None:
    """Return the keys of `source.auth` by the document's first usable security scheme, None where it has none."""
    schemes = (document.get("components") or {}).get("securitySchemes") or document.get("securityDefinitions") or {}
    for scheme in schemes.values() if isinstance(schemes, dict) else ():
        kind, how = scheme.get("type"), str(scheme.get("scheme", "")).lower()
        if kind == "apiKey" and scheme.get("in") in ("header", "query"):
            name = str(scheme.get("name", "X-API-Key"))
            if name.lower() == "authorization":  # Swagger 2 had no other way to say bearer
                return {"style": "bearer"}
            return {"style": "api_key", "name": name, "location": str(scheme["in"])}
        if (kind == "basic" or (kind, how) == ("http", "basic")) and has_login:
            return {"style": "basic"}
        if (kind, how) == ("http", "bearer") and not has_login:
            return {"style": "bearer"}
        flows = scheme.get("flows") or {}
        flow = flows.get("clientCredentials") or (scheme if scheme.get("flow") == "application" else {})
        if kind == "oauth2" and flow.get("tokenUrl"):
            return {"style": "oauth2_client_credentials", "token_path": str(flow["tokenUrl"])}
    return None


def _server_path(document: Mapping[str, Any]) -> str:
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        return urlsplit(str(servers[0].get("url", ""))).path
    return str(document.get("basePath") or "")


def _resolved(item: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a $ref within the document."""
    for _ in range(DEPTH):
        reference = item.get("$ref") if isinstance(item, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        item = document
        for step in reference[2:].split("/"):
            item = item.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(item, dict) else {}
    return item if isinstance(item, dict) else {}


def _example(parameter: Mapping[str, Any]) -> str | None:
    schema = parameter.get("schema") or {}
    for holder in (parameter, schema):
        for key in ("example", "x-example", "default"):
            if holder.get(key) is not None:
                return str(holder[key])
        if holder.get("enum"):
            return str(holder["enum"][0])
    return None


def _answer_schema(operation: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    responses = operation.get("responses") or {}
    response = _resolved(responses.get("200") or responses.get("default") or {}, document)
    if "schema" in response:
        return _resolved(response["schema"], document)
    content = response.get("content") or {}
    body: dict[str, Any] = next((content[kind] for kind in JSON_TYPES if kind in content), {})
    return _resolved(body.get("schema") or {}, document)


def _record_columns(
    schema: dict[str, Any], document: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, SurveyColumn]]:
    """Give the columns of every list of objects on the way to which there are objects alone."""
    schema = _whole(schema, document)
    if depth > DEPTH:
        return
    if "items" in schema:
        yield from _columns(_resolved(schema["items"], document), document, "", depth)
    for part in (schema.get("properties") or {}).values():
        yield from _record_columns(_resolved(part, document), document, depth + 1)


def _columns(
    schema: dict[str, Any], document: Mapping[str, Any], prefix: str, depth: int
) -> Iterator[tuple[str, SurveyColumn]]:
    schema = _whole(schema, document)
    required = schema.get("required") or []
    for name, raw in (schema.get("properties") or {}).items():
        part = _whole(_resolved(raw, document), document)
        if part.get("properties") and depth < DEPTH:
            yield from _columns(part, document, f"{prefix}{name}.", depth + 1)
            continue
        described = raw.get("description") if isinstance(raw, dict) else None
        is_nullable = name not in required or part.get("nullable") is True or "null" in _types(part)
        comment = str(described or part.get("description") or part.get("title") or "").strip()
        yield f"{prefix}{name}", SurveyColumn(f"{prefix}{name}", _declared(part), is_nullable, comment)


def _whole(schema: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Join the parts of allOf, and take the first choice of oneOf and anyOf that is not null."""
    parts = [_resolved(part, document) for part in schema.get("allOf") or []]
    choices = [_resolved(part, document) for part in schema.get("oneOf") or schema.get("anyOf") or []]
    parts += [part for part in choices if part.get("type") != "null"][:1]
    if not parts:
        return schema
    joined: dict[str, Any] = {key: value for part in parts for key, value in part.items()}
    joined["properties"] = {
        key: value for part in [*parts, schema] for key, value in (part.get("properties") or {}).items()
    }
    return joined | {
        key: value for key, value in schema.items() if key not in ("allOf", "oneOf", "anyOf", "properties")
    }


def _types(schema: Mapping[str, Any]) -> list[str]:
    type_ = schema.get("type")
    return [str(one) for one in type_] if isinstance(type_, list) else [str(type_)] if type_ else []


def _declared(schema: Mapping[str, Any]) -> str:
    if schema.get("enum"):
        return "enum(" + ",".join(f"'{code}'" for code in schema["enum"] if code is not None) + ")"
    name = next((one for one in _types(schema) if one != "null"), "")
    return f"{name}({schema['format']})" if name and schema.get("format") else name
