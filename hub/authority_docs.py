"""The page `docs/authority.md`: who has the last word on which field, by what ground, as the plans have it.

`python -m hub.authority_docs > docs/authority.md` writes it; a test holds the page to the plans.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.integration_plan import FieldAuthority, Gates, IntegrationPlan

ABOUT = """\
# Who has the last word
Made from `schemas/integration/` by `python -m hub.authority_docs > docs/authority.md`; change the plans, not this page.

For every field of an integrated dataset its sources stand in an order. **The first has the last word**: where it has a
value, that value is published, however old it is and whatever the others say. Where it has none, the plan says what
decides among the others:

| when the first is silent | the value published |
|---|---|
| `next` | that of the next source in order that has one |
| `recent` | the newest: by the dataset's *time* field, where a date to come does not count; rows without such a date \
come after those with one, and among them counts when the hub saw the row change. Of equals, the first in order |
| `majority` | the one with which most sources agree, spellings (capitals, spaces) and differences within the \
tolerance counting as one. Of equals, and of only two values, the first in order |

Of one source one row speaks for an entity, never a blend of two ([ADR 9](adr/0009-one-row-speaks-for-a-feed.md)). The
key's fields are those of one row. The field by which a row names a resident holds the NIK of the resident whom it was
found to name. Each value's source stands in the row's `_provenance`.

Where a ground names an *agreement of the departments, to be signed*, no regulation says which system is right: until
it is signed, the order is a proposal. Fields that a source does not have are listed at the source; all fields not named
in a dataset's table follow the order of its sources.
"""


def authority_page(catalogue: Catalogue) -> str:
    """Return the page, in Markdown."""
    parts = [ABOUT]
    for dataset, plan in sorted(catalogue.plans.items()):
        parts.append("\n".join(_section(catalogue, plan, catalogue.contracts[dataset])) + "\n")
    return "\n".join(parts)


def _section(catalogue: Catalogue, plan: IntegrationPlan, contract: Contract) -> Iterator[str]:
    yield f"## {plan.dataset}"
    yield f"{plan.description}"
    yield ""
    yield f"Ground: {plan.ground}."
    yield ""
    feeds = catalogue.feeds()
    for number, source in enumerate(plan.sources, start=1):
        absent = [field.name for field in contract.fields if field.name not in feeds[source].map]
        yield f"{number}. `{source}`" + (f" – without {_names(absent)}" if absent else "")
    yield ""
    yield from _facts(plan, contract)
    if plan.fields:
        yield ""
        yield "| field | order | when the first is silent | ground |"
        yield "|---|---|---|---|"
        for name, authority in plan.fields.items():
            order = " ".join(str(plan.sources.index(source) + 1) for source in authority.sources)
            yield f"| `{name}` | {order} | {_silent(authority)} | {authority.ground} |"


def _facts(plan: IntegrationPlan, contract: Contract) -> Iterator[str]:
    """Yield what else a plan says, one fact a line."""
    yield f"- key: {_names(contract.key)}"
    if plan.silent != "next":
        yield f"- when the first is silent: `{plan.silent}`"
    if plan.time is not None:
        yield f"- time: `{plan.time}`"
    if plan.register_:
        yield f"- only {_names(plan.register_)} make an entity; the others add to one"
    if plan.person is not None:
        yield f"- names a resident by {_names(list(plan.person.named.values()))}"
    if plan.volatile:
        yield f"- changes without news: {_names(plan.volatile)}"
    bounds = {name: value for name, value in plan.gates if value != Gates.model_fields[name].default}
    if bounds:
        yield "- held back outside " + ", ".join(f"`{name}` {value:g}" for name, value in bounds.items())


def _silent(authority: FieldAuthority) -> str:
    return f"`{authority.silent}`" + (f", tolerance {authority.tolerance:g}" if authority.tolerance else "")


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(authority_page(Catalogue.load(Path())))
