"""A contract: one shared schema in the Open Data Contract Standard v3, compiled to what the hub uses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from open_data_contract_standard.model import OpenDataContractStandard

from schemas.errors import ConfigurationError, ConfigurationErrors
from schemas.expectations import ROW_EXPECTATIONS, wrong_arguments
from schemas.types import registry
from schemas.types.base import ValueType
from schemas.yaml_file import Loc, YamlFile, suggest

#: public < internal < personal < personal_specific (UU 27/2022: general and specific personal data)
CLASSIFICATIONS = ("public", "internal", "personal", "personal_specific")
SEVERITIES = ("error", "warning")
#: value types that count or measure; a number without its unit says nothing
QUANTITIES = ("money", "integer", "decimal")


@dataclass(frozen=True)
class ContractField:
    """One field of a contract."""

    name: str
    type: ValueType
    required: bool
    key_position: int | None
    classification: str
    description: str
    codelist: str | None = None
    #: what one of a quantity is: rupiah, orang, m2, …
    unit: str | None = None

    @property
    def personal(self) -> bool:
        """Whether a reader needs a grant to see the value unmasked."""
        return self.classification.startswith("personal")


@dataclass(frozen=True)
class Rule:
    """A quality rule: an expectation of Great Expectations with a severity and two messages."""

    id: str
    expectation: str
    kwargs: dict[str, Any]
    severity: str
    indonesian: str
    english: str


@dataclass(frozen=True)
class Contract:
    """A shared schema; `sha256` is that of the contract's file."""

    dataset: str
    version: str
    title: str
    description: str
    #: the producer of the data (Produsen Data, Perpres 39/2019), by its full name
    owner: str
    #: the moment or period that a row speaks of
    reference_time: str
    fields: tuple[ContractField, ...]
    rules: tuple[Rule, ...]
    sha256: str
    path: Path

    @property
    def key(self) -> list[str]:
        """Names of the primary-key fields, in order."""
        keyed = [f for f in self.fields if f.key_position is not None]
        return [f.name for f in sorted(keyed, key=lambda f: f.key_position or 0)]

    def field(self, name: str) -> ContractField | None:
        """Return the field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


@cache
def _validator() -> Any:
    schema: Any = OpenDataContractStandard.json_schema()  # type: ignore[no-untyped-call]
    schema = json.loads(schema) if isinstance(schema, str) else schema
    # in Rust: 47 contracts in 9 ms, where the same in Python takes 1.4 s at the start of every task
    return jsonschema_rs.validator_for(schema)


def read_contract(path: Path) -> Contract:
    """Read and compile `<dataset>.odcs.yaml`.

    Raises ConfigurationErrors: against the ODCS JSON schema, and for what the hub cannot compile.
    """
    file = YamlFile.read(path)
    errors = [_against_standard(file, error) for error in _validator().iter_errors(file.content)]
    if errors:
        raise ConfigurationErrors(errors)
    dataset = path.name.removesuffix(".odcs.yaml")
    schemas = file.content.get("schema") or []
    if len(schemas) != 1 or schemas[0]["name"] != dataset:
        raise file.error(f"must hold exactly one object named '{dataset}'", ("schema",))
    content = schemas[0]
    fields: list[ContractField] = []
    rules: list[tuple[Rule, Loc]] = []
    for number, item in enumerate(content.get("properties", [])):
        loc: Loc = ("schema", 0, "properties", number)
        try:
            fields.append(_field(file, item, loc))
            rules += _rules(file, item.get("quality", []), (*loc, "quality"), item["name"])
        except ConfigurationError as error:
            errors.append(error)
    try:
        rules += _rules(file, content.get("quality", []), ("schema", 0, "quality"), None)
    except ConfigurationError as error:
        errors.append(error)
    owner, reference_time = "", ""
    try:
        owner = _owner(file)
        reference_time = _reference_time(file, content)
    except ConfigurationError as error:
        errors.append(error)
    errors += _unknown_columns(file, rules, {item["name"] for item in content.get("properties", [])})
    if not any(f.key_position for f in fields):
        fix = "add 'primaryKey: true' to the property that identifies a row"
        errors.append(file.error("no property is the primaryKey", ("schema", 0, "properties"), fix))
    if errors:
        raise ConfigurationErrors(errors)
    return Contract(
        dataset=dataset,
        version=str(file.content["version"]),
        title=str(file.content.get("name") or content.get("businessName") or dataset),
        description=str(content.get("description", "")),
        owner=owner,
        reference_time=reference_time,
        fields=tuple(fields),
        rules=tuple(rule for rule, _ in rules),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=path,
    )


def _against_standard(file: YamlFile, error: jsonschema_rs.ValidationError) -> ConfigurationError:
    """Tell a breach of the standard; its own message may quote the whole file."""
    text = error.message if len(error.message) <= 200 else f"{error.message[:80]} … {error.message[-100:]}"
    fix = "see the Open Data Contract Standard 3.1, or another file of schemas/contracts/"
    return file.error(text, tuple(error.instance_path), fix)


def _unknown_columns(file: YamlFile, rules: list[tuple[Rule, Loc]], names: set[str]) -> list[ConfigurationError]:
    errors = []
    for rule, place in rules:
        absent = {str(name) for key, name in rule.kwargs.items() if key.startswith("column")} - names
        if absent:
            problem = f"rule {rule.id} names unknown properties {sorted(absent)}"
            errors.append(file.error(problem, (*place, "implementation", "kwargs"), suggest(min(absent), names)))
    return errors


def _custom(file: YamlFile, item: dict[str, Any], loc: Loc) -> dict[str, str]:
    """Return the custom properties of an element, each a text that says something."""
    custom: dict[str, str] = {}
    for number, entry in enumerate(item.get("customProperties", [])):
        name, value = entry["property"], entry["value"]
        if not isinstance(value, str) or not value.strip():
            fix = "write a text; in quotes when it looks like a number, a date or yes and no"
            raise file.error(f"{name} is not a text", (*loc, "customProperties", number, "value"), fix)
        custom[name] = value
    return custom


def _owner(file: YamlFile) -> str:
    team = file.content.get("team")
    name = team.get("name") if isinstance(team, dict) else None
    if not name:
        raise file.error("no team answers for the data", ("team",), "add 'team:' with the 'name:' of the department")
    return str(name)


def _reference_time(file: YamlFile, content: dict[str, Any]) -> str:
    loc: Loc = ("schema", 0)
    custom = _custom(file, content, loc)
    if "referenceTime" not in custom:
        fix = "add '- {property: referenceTime, value: ...}', the moment or period that a row speaks of"
        raise file.error("no referenceTime", (*loc, "customProperties"), fix)
    return custom["referenceTime"]


def _field(file: YamlFile, item: dict[str, Any], loc: Loc) -> ContractField:
    custom = _custom(file, item, loc)
    type_name = custom.get("valueType", "text")
    if type_name not in registry.TYPES:
        raise file.error(
            f"'{type_name}' is not a value type", (*loc, "customProperties"), suggest(type_name, set(registry.TYPES))
        )
    value_type = registry.TYPES[type_name]
    if item.get("logicalType", "string") != value_type.logical:
        raise file.error(f"valueType {type_name} needs logicalType {value_type.logical}", (*loc, "logicalType"))
    classification = item.get("classification", "internal")
    if classification not in CLASSIFICATIONS:
        raise file.error(
            f"'{classification}' is not a classification", (*loc, "classification"), " < ".join(CLASSIFICATIONS)
        )
    if not item.get("description", "").strip():
        fix = "add 'description:' that says what exactly is meant or counted"
        raise file.error(f"property {item['name']} has no description", (*loc, "description"), fix)
    if type_name in QUANTITIES and "unit" not in custom:
        fix = "add '- {property: unit, value: ...}', such as rupiah, orang, m2, persen"
        raise file.error(f"property {item['name']} has no unit", (*loc, "customProperties"), fix)
    if (type_name == "code") != (custom.get("codelist") is not None):
        fix = "give both, or neither"
        raise file.error("valueType code and a codelist go together", (*loc, "customProperties"), fix)
    is_key = bool(item.get("primaryKey"))
    return ContractField(
        name=item["name"],
        type=value_type,
        required=bool(item.get("required")) or is_key,
        key_position=item.get("primaryKeyPosition", 1) if is_key else None,
        classification=classification,
        description=item["description"].strip(),
        codelist=custom.get("codelist"),
        unit=custom.get("unit"),
    )


def _rules(file: YamlFile, items: list[dict[str, Any]], loc: Loc, column: str | None) -> list[tuple[Rule, Loc]]:
    rules: list[tuple[Rule, Loc]] = []
    for number, item in enumerate(items):
        here = (*loc, number)
        implementation, custom = item.get("implementation"), _custom(file, item, here)
        if item.get("type") != "custom" or item.get("engine") != "greatExpectations":
            raise file.error("a rule that the hub cannot compile", here, "use type: custom, engine: greatExpectations")
        parts = implementation if isinstance(implementation, dict) else {}
        if not isinstance(parts.get("type"), str) or not isinstance(parts.get("kwargs", {}), dict):
            fix = "write implementation: {type: expect_…, kwargs: {…}}"
            raise file.error("implementation needs 'type' and 'kwargs'", (*here, "implementation"), fix)
        severity = item.get("severity", "error")
        if severity not in SEVERITIES:
            raise file.error(f"'{severity}' is not a severity", (*here, "severity"), "error or warning")
        missing = [key for key in ("message_id", "message_en") if key not in custom]
        if missing or "id" not in item:
            absent = ", ".join(missing or ["id"])
            raise file.error(f"a rule needs id, message_id and message_en ({absent} missing)", here, f"add {absent}")
        kwargs = dict(parts.get("kwargs", {}))
        if column is not None and "column_A" not in kwargs:
            kwargs.setdefault("column", column)
        expectation = parts["type"]
        if expectation not in ROW_EXPECTATIONS:
            raise file.error(
                f"'{expectation}' cannot be compiled",
                (*here, "implementation", "type"),
                suggest(expectation, set(ROW_EXPECTATIONS)),
            )
        wrong = wrong_arguments(expectation, kwargs)
        if wrong:
            fix = "it takes " + ", ".join(ROW_EXPECTATIONS[expectation]) + " (? is optional)"
            raise file.error(wrong, (*here, "implementation", "kwargs"), fix)
        rule = Rule(item["id"], expectation, kwargs, severity, custom["message_id"], custom["message_en"])
        rules.append((rule, here))
    return rules
