"""The report page of a run: one self-contained HTML file, Indonesian first, English by a switch."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup, escape

from pipelines.workspace import JAKARTA

#: failing errors first, then failing warnings, then what passed
ORDER = {("error", False): 0, ("warning", False): 1}
LOCALES = ("id_ID", "en_GB")


def render(evidence: dict[str, Any], digest: str) -> str:
    """Return the page for an evidence and its sha256; it loads nothing from anywhere."""
    results = sorted(
        evidence["results"],
        key=lambda item: ORDER.get((item["expectation_config"]["meta"]["severity"], item["success"]), 2),
    )
    return _template().render(evidence=evidence, results=results, digest=digest)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pipelines"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = lambda value: _both(*(format_decimal(value, locale=name) for name in LOCALES))
    environment.filters["moment"] = _moment
    return environment.get_template("report.html")


def _moment(text: str) -> Markup:
    moment = dt.datetime.fromisoformat(text).astimezone(JAKARTA)
    return _both(*(f"{format_datetime(moment, 'd MMMM y HH:mm:ss', locale=name)} WIB" for name in LOCALES))


def _both(indonesian: str, english: str) -> Markup:
    """Return a text in both languages, of which the page's switch shows one."""
    if indonesian == english:
        return Markup(escape(indonesian))  # noqa: S704 - escaped right here
    return Markup('<span class="id">{}</span><span class="en" lang="en">{}</span>').format(indonesian, english)
