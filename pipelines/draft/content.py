"""How far a column's values are what a contract field holds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines.draft.experience import Experience
from pipelines.draft.profile import IDENTIFIERS, Profile
from schemas.codelist import Codelist
from schemas.contract import Contract, ContractField, Rule

#: from this share on a column holds what its type says; dirty systems have up to a third of broken values
MOSTLY = 0.6
#: a code column of a system's own codes has few of them, and they are short
FEW, SHORT = 30, 32
#: the code list that a NIK tells a value of
SEX = "jenis_kelamin"
#: a system's own code; longer texts are words, and of words the lists know most
CODE = 4
#: of numbers that carry their kind in their digits
IDENTIFIER_MARK = 0.88
MARKS = {"kode_wilayah": 0.6, "money": 0.15, "integer": 0.1, "decimal": 0.1, "boolean": 0.1}
#: a key of one field has a value of its own in this share of the rows, of a sample that is large enough to tell
OWN, SEVERAL = 0.7, 20


@dataclass(frozen=True)
class Fit:
    """What the values say about a field.

    Attributes:
        fit: 0 (cannot be) to 1 (nothing speaks against it)
        mark: 0 (says nothing) to 1 (could be nothing else)
        why: in words, without any value

    """

    fit: float
    mark: float = 0.0
    why: str = ""


NOTHING_KNOWN = Fit(0.8)


@dataclass
class Content:
    """Judges columns against fields of contracts; what was judged once is remembered."""

    codelists: Mapping[str, Codelist]
    experience: Experience
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    #: (column, field, its rules, born) → the judgement; held by the column itself, whose id could be given again
    _judged: dict[tuple[Profile, int, bool | None], Fit] = field(default_factory=dict, repr=False)
    _kinds: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    _signatures: dict[object, int] = field(default_factory=dict, repr=False)
    _ruled_by: dict[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict, repr=False)
    _lists: dict[Profile, dict[str, float]] = field(default_factory=dict, repr=False)
    _spelled: dict[str, set[str]] = field(default_factory=dict, repr=False)
    _specific: dict[tuple[Profile, str], float] = field(default_factory=dict, repr=False)

    def judge(self, column: Profile, target: ContractField, contract: Contract, born: bool | None = None) -> Fit:
        """Return how the column's values fit the field, its value type, its code list and its rules.

        `born` says whether the values are those that a NIK of the same row tells, birth or sex; None: it tells none.
        """
        if column.filled == 0:
            return NOTHING_KNOWN if column.rows == 0 else Fit(0.5, why="no values in the sample")
        key = (column, self._kind(target, contract), born)
        if key not in self._judged:
            self._judged[key] = self._judge(column, target, contract, born)
        return self._judged[key]

    def most(self, column: Profile, target: ContractField, contract: Contract) -> float:
        """Return a mark that the values cannot exceed, cheaply: most pairs need no closer look."""
        name = target.type.name
        if name == "code":
            return 0.75 if self.lists(column).get(target.codelist or "", 0.0) >= MOSTLY else 0.0
        if name == "text":
            if target.name.startswith("alamat") and column.address > 0.3:
                return 0.55
            if target.name.startswith("nama") and column.words > 1.4 and column.person > MOSTLY:
                return 0.5
            ruled = any(rule.expectation.endswith("match_regex") for rule in self._rules(target, contract))
            usual = not self.experience.shapes.get(target.name, frozenset()).isdisjoint(column.shapes)
            return 0.5 if ruled or usual else 0.0
        if name == "date":
            return 0.85 if "lahir" in target.name else 0.12
        if name in IDENTIFIERS:
            return 0.9 if column.clean(name) > 0.25 else 0.0
        if name == "phone":
            return 0.6 if column.dialled > 0.3 else 0.0
        return MARKS[name]

    def lists(self, column: Profile) -> dict[str, float]:
        """Return the share of rows whose text a code list knows, or other systems mean by it, by list."""
        if column not in self._lists:
            total = sum(count for _, count in column.values) or 1
            counts: Counter[str] = Counter()
            for text, count in column.values:
                for name in self._spellings().get(text.upper(), ()):
                    counts[name] += count
            self._lists[column] = {name: count / total for name, count in counts.items()}
        return self._lists[column]

    def _spellings(self) -> dict[str, set[str]]:
        if not self._spelled:
            for name, codes in self.codelists.items():
                for text in (*codes.codes, *self.experience.codes.get(name, {})):
                    self._spelled.setdefault(text, set()).add(name)
        return self._spelled

    def _rules(self, target: ContractField, contract: Contract) -> tuple[Rule, ...]:
        place = (contract.dataset, target.name)
        if place not in self._ruled_by:
            self._ruled_by[place] = tuple(rule for rule in contract.rules if rule.kwargs.get("column") == target.name)
        return self._ruled_by[place]

    def _kind(self, target: ContractField, contract: Contract) -> int:
        """Return a number that fields share which are judged alike: many datasets have a `nik`."""
        place = (contract.dataset, target.name)
        if place not in self._kinds:
            told = tuple((rule.expectation, str(rule.kwargs)) for rule in self._rules(target, contract))
            alone = contract.key == [target.name]
            signature = (target.name, target.type.name, target.codelist, target.personal, told, alone)
            self._kinds[place] = self._signatures.setdefault(signature, len(self._signatures))
        return self._kinds[place]

    def _judge(self, column: Profile, target: ContractField, contract: Contract, born: bool | None) -> Fit:
        if born and target.codelist == SEX:
            return Fit(1.0, 0.7, "goes with the sex in the NIK")
        if born is not None and target.type.name == "date":
            birth = "lahir" in target.name
            if born:
                return Fit(1.0, 0.85, "dates agree with the NIK") if birth else Fit(0.1)
            if birth:
                return Fit(0.15)
        if target.codelist is not None and column.filled >= SEVERAL and column.distinct == column.filled:
            return Fit(0.0, why="a value of its own in each row is no code")
        found = self._by_type(column, target)
        for rule in self._rules(target, contract):
            found = self._ruled(column, target, rule, found)
        if contract.key == [target.name] and column.filled >= SEVERAL and column.distinct < OWN * column.filled:
            return Fit(found.fit * (0.2 + column.distinct / column.filled), found.mark, "values repeat")
        return found

    def _by_type(self, column: Profile, target: ContractField) -> Fit:
        judges: dict[str, Callable[[Profile, ContractField], Fit]] = {
            "date": self._date,
            "kode_wilayah": _region,
            "phone": _phone,
            "money": _amount,
            "integer": _amount,
            "decimal": _amount,
            "boolean": _boolean,
            "code": self._code,
            "text": self._text,
        }
        name = target.type.name
        return _identifier(column, name) if name in IDENTIFIERS else judges[name](column, target)

    def _ruled(self, column: Profile, target: ContractField, rule: Rule, found: Fit) -> Fit:
        """Hold the values against a rule of the contract."""
        if rule.expectation == "expect_column_values_to_be_between":
            share = _between(column, target, rule, self.now)
            return found if share >= MOSTLY else Fit(found.fit * (0.25 + share), found.mark * share, found.why)
        if rule.expectation == "expect_column_values_to_match_regex" and target.type.name == "text":
            regex = str(rule.kwargs["regex"])
            share = column.matches(regex)
            if regex == "^[^0-9]*$":
                return found if share >= MOSTLY else Fit(found.fit * (0.2 + share), 0, found.why)
            if share < MOSTLY:
                return Fit(found.fit * (0.45 + share / 2), found.mark, found.why)
            # a rule that many kinds of values pass tells little: 003 is an RT, an RW, a grade
            narrow = 0.1 if statistics.fmean(len(text) for text, _ in column.values) < 4 else 0.5
            return Fit(max(found.fit, 0.95), max(found.mark, narrow * share), "values fit the rule")
        return found

    def _date(self, column: Profile, target: ContractField) -> Fit:
        share = column.dates
        if share < 0.3 or not column.years:
            return Fit(0.05)
        born, spread = "lahir" in target.name, column.years[-1] - column.years[0]
        if born and (column.clock > 0.5 or spread < 4):
            return Fit(0.35 * share, why="dates, but not of births")
        old = column.years[len(column.years) // 2] < self.now.year - 8
        mark = 0.45 if born and old and spread > 15 else 0.12
        if not born and old and spread > 40:
            return Fit(0.6 * share, 0.0, "dates that look like births")
        return Fit(min(1.0, share + 0.15), mark, "dates")

    def _code(self, column: Profile, target: ContractField) -> Fit:
        codes = self.codelists.get(target.codelist or "")
        if codes is None:
            return NOTHING_KNOWN
        known = self.lists(column).get(codes.name, 0.0)
        if column.long_digits > MOSTLY and known < MOSTLY:
            return Fit(0.05)
        if known >= MOSTLY:
            mark = 0.75 * known * self._specificity(column, codes)
            return Fit(1.0, mark, f"values of the list {codes.name}")
        short = statistics.fmean(len(text) for text, _ in column.values) <= SHORT
        crowded = column.distinct > max(FEW, len(codes.names)) or column.distinct > 0.5 * column.filled > 10
        if column.dates > 0.5 or crowded or not short:
            return Fit(0.12 + 0.5 * known, why="values of no code list")
        own = column.share("own_codes", lambda text: len(text) <= CODE)
        if own < 0.5 and known < 0.1 and max(self.lists(column).values(), default=0.0) > 0.9:
            return Fit(0.4, why="words of another list")
        return Fit(0.6 + 0.2 * own + 0.2 * known, why=f"codes that the list {codes.name} does not know")

    def _specificity(self, column: Profile, codes: Codelist) -> float:
        """Return how much the values speak for this list: 1 and 2 are in many lists, ISLAM in one."""
        key = (column, codes.name)
        if key not in self._specific:
            others = sum(share >= MOSTLY for share in self.lists(column).values())
            several = min(1.0, 0.35 + 0.2 * column.distinct)
            if column.numeric > 0.9 and column.distinct < 5:
                several /= 2  # 0 and 1 are yes and no more often than codes
            self._specific[key] = several / max(1, others) ** 0.7
        return self._specific[key]

    def _text(self, column: Profile, target: ContractField) -> Fit:
        drawn = self.experience.shapes.get(target.name, frozenset())
        alike = sum(share for kind, share in column.shapes.items() if kind in drawn)
        rarity = min((self.experience.shape_fields[kind] for kind in column.shapes if kind in drawn), default=1)
        mark = 0.5 * alike / rarity**0.7 if alike > 0.3 else 0.0
        fit, why = _text_kind(column, target)
        if drawn and alike > MOSTLY:
            return Fit(max(fit, 0.95), mark, "values of the usual shape")
        if target.name in self.experience.uniform and alike < 0.1:
            fit *= 0.6  # every department writes this code alike
        if column.identifier > MOSTLY:
            return Fit(min(fit, 0.3), 0.0, "numbers of another kind")
        if target.name.startswith("alamat"):
            mark = max(mark, 0.55 * column.address)
        elif target.personal and target.name.startswith("nama") and column.words > 1.4 and column.address < 0.1:
            mark = max(mark, 0.45 * column.person * min(1.0, 1.2 * column.distinct / column.filled))
        return Fit(fit, mark, why)


def _identifier(column: Profile, name: str) -> Fit:
    share = column.clean(name)
    if share < 0.25:
        return Fit(0.02)
    if name == "kk" and share < 0.8:  # a man's NIK has the shape of a KK, a woman's has not
        return Fit(0.25, 0.0, "some values look like a KK")
    if name == "nik" and column.clean("kk") > 0.93 and column.filled >= 12:
        return Fit(0.3, 0.3, "values look like a KK: none is a woman's")
    if name == "nop" and column.clean("nip") > 0.5:
        return Fit(0.1)
    return Fit(min(1.0, share + 0.2), IDENTIFIER_MARK * min(1.0, share + 0.1), f"values look like {name.upper()}")


def _region(column: Profile, target: ContractField) -> Fit:
    share = max(column.clean("kode_wilayah", schemes) for schemes in ((), ("kemendagri",), ("bps",)))
    if share < 0.3:
        return Fit(0.1)
    bare = column.share("bare_region", lambda text: len(text) <= 2)  # 35, but also an age
    return Fit(min(1.0, share + 0.2), 0.0 if bare > 0.5 else 0.6 * share, "values look like region codes")


def _phone(column: Profile, target: ContractField) -> Fit:
    share = column.clean("phone") if column.dialled > 0.3 else 0.0
    if share < 0.35 or column.clean("nik") > 0.5 or column.clean("kode_wilayah", ("kemendagri",)) > 0.5:
        return Fit(0.1)
    return Fit(min(1.0, share + 0.25), 0.6 * share, "values look like telephone numbers")


def _amount(column: Profile, target: ContractField) -> Fit:
    name = target.type.name
    share = column.clean(name)
    if share < 0.4 or column.dates > MOSTLY:
        return Fit(0.08)
    if column.long_digits > 0.7 and (name != "money" or any(text[0] == "0" != text for text, _ in column.values)):
        return Fit(0.15, why="digits that are no amount")
    if name == "money":
        some = column.share("some", lambda text: text.strip("0.,- ") != "")
        large = column.share("large", lambda text: text.strip("0.,- ") != "" and len(text) >= 4)
        return Fit(1.0 if some < 0.2 else min(1.0, 0.45 + large / some), 0.15 * large, "amounts")
    return Fit(min(1.0, share + 0.1), 0.05, "numbers")


def _boolean(column: Profile, target: ContractField) -> Fit:
    share = column.clean("boolean")
    return Fit(min(1.0, share + 0.1), 0.05, "yes and no") if share > MOSTLY else Fit(0.1)


def _text_kind(column: Profile, target: ContractField) -> tuple[float, str]:
    """Return how far the texts are names, addresses, numbers of papers or prose, as the field's name asks."""
    head = target.name.split("_", 1)[0]
    if column.dates > MOSTLY or column.clock > 0.5:
        return 0.12, "dates"
    if head in ("nama", "pengirim", "penerima", "penyedia"):
        named = column.person if target.personal else 1.0
        return (1.0 if column.numeric < 0.3 else 0.15) * (0.35 + 0.65 * named) * (1 - 0.6 * column.address), "names"
    if head == "alamat":
        return max(0.25, 1.0 - column.numeric) * (1.0 if column.words > 1.3 else 0.5), "addresses"
    if head in ("nomor", "kode", "id"):
        coded = column.share("coded", lambda text: any(sign.isdigit() for sign in text) and len(text.split()) < 6)
        return 0.25 + 0.75 * coded, "numbers or codes"
    if target.type.name == "text" and column.numeric > 0.9 and column.long_digits > 0.5:
        return 0.45, "digits"
    return (0.9 if column.numeric < 0.5 else 0.55), "texts"


def _between(column: Profile, target: ContractField, rule: Rule, now: datetime) -> float:
    """Return the share of values within the rule's bounds."""
    low, high = rule.kwargs.get("min_value"), rule.kwargs.get("max_value")
    if target.type.name == "date":
        first, last = (int(str(bound)[:4]) if bound not in (None, "today") else None for bound in (low, high))
        inside = [year for year in column.years if (first or 0) <= year <= (last or now.year)]
        return len(inside) / len(column.years) if column.years else 0.0

    def within(text: str) -> bool:
        try:
            number = target.type.clean(text)
        except ValueError:
            return True  # broken values are told by the type
        if not isinstance(number, int | float):
            return True
        return (low is None or number >= float(low)) and (high is None or number <= float(high))

    return column.share(f"between:{target.type.name}:{low}:{high}", within)
