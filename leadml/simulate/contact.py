"""How do people write their job titles and addresses into a form?

Titles are free text as a CRM holds it: three languages, abbreviations, capitals, typing errors.
Addresses are invented; companies and universities sit under the reserved domain ``.example``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leadml.simulate.calendar import Floats, Ints

Texts = npt.NDArray[np.object_]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


@dataclass(frozen=True, slots=True)
class Role:
    """A standing in a company: how common, how much of a buyer, and what people call it."""

    name: str
    weight: float
    fit: float
    titles: tuple[str, ...]


ROLES = (
    Role(
        "chief",
        weight=0.09,
        fit=0.7,
        titles=_listed(
            "CEO, Chief Executive Officer, Geschäftsführer, Geschäftsführerin, PDG, CTO, COO, "
            "Directrice générale, Founder & CEO, Inhaber, Chief Operating Officer"
        ),
    ),
    Role(
        "vice_president",
        weight=0.07,
        fit=0.6,
        titles=_listed(
            "VP Operations, Vice President Supply Chain, V.P. Sales, SVP IT, VP of Finance, "
            "Bereichsleiter Logistik, Directrice des opérations"
        ),
    ),
    Role(
        "head",
        weight=0.17,
        fit=0.5,
        titles=_listed(
            "Head of Logistics, Director of IT, Dir. Operations, Leiter Einkauf, Leiterin IT, "
            "Directeur logistique, Responsable des achats, Head of Procurement"
        ),
    ),
    Role(
        "manager",
        weight=0.29,
        fit=0.1,
        titles=_listed(
            "Operations Manager, IT Manager, Mgr. Supply Chain, Projektleiter, Teamleiterin, "
            "Chef de projet, Marketing Manager, Ops Mgr, Category Manager, Office Manager"
        ),
    ),
    Role(
        "specialist",
        weight=0.29,
        fit=-0.4,
        titles=_listed(
            "Business Analyst, Systems Engineer, Sachbearbeiter Einkauf, Software Developer, "
            "Chargée de mission, HR Specialist, Accountant, Disponent, Sr. Consultant"
        ),
    ),
    Role(
        "assistant",
        weight=0.09,
        fit=-0.8,
        titles=_listed(
            "Assistant, Team Assistant, Assistenz der Geschäftsführung, Intern, Azubi, "
            "Assistante de direction, Trainee, Praktikant"
        ),
    ),
)

STUDENT_TITLES = _listed(
    "Student, student, Étudiante, Werkstudent, PhD Student, MSc Student, Research Assistant, "
    "Doktorandin, Intern"
)
COMPETITOR_TITLES = _listed(
    "Product Manager, Competitive Intelligence, Market Analyst, Produktmanagerin, "
    "Presales Consultant, Product Marketing Mgr, Head of Product"
)

_FIRST = _listed(
    "anna, ben, camille, dmitri, elif, femke, georg, hana, ines, jonas, klara, luc, maria, nadia, "
    "oskar, priya, rosa, sven, tom, yusuf"
)
_LAST = _listed(
    "weber, martin, smith, jansen, kowalski, rossi, berg, dubois, novak, sharma, fischer, moreau, "
    "taylor, visser, lindqvist, garcia, yilmaz"
)
_DOMAIN_FIRST = _listed(
    "kranich, nord, alpen, delta, vector, blue, silber, rhein, urban, prime, atlas, terra, hanse, "
    "lumen, omni, quadra, sol, via"
)
_DOMAIN_LAST = _listed(
    "werk, logistik, systems, foods, pharma, tech, bau, handel, energy, textil, motion, services, "
    "finance, media, parts, group, labs"
)

EMAIL_KINDS = ("company", "free", "education", "disposable")
_DOMAINS = {
    "free": _listed("gmail.com, gmx.de, outlook.com, web.de, orange.fr, yahoo.com"),
    "education": _listed("stud.uni-neustadt.example, westbrook.edu.example, univ-bel.example"),
    "disposable": _listed("mailinator.com, 10minutemail.com, trashmail.com"),
}

_MESS_SHARES = {"lower": 0.14, "upper": 0.07, "typo": 0.07, "tail": 0.05, "space": 0.04}
_MISSING_SHARE = 0.05
_TAILS = (" 🚀", " (m/w/d)", " - EMEA", " / Prokurist", " & more", ", MBA", " ☕️")


def build_job_titles(titles: Texts, rng: np.random.Generator) -> Texts:
    """The titles as typed into a form: some misspelt, some shouted, some left out (None)."""
    kinds = np.array(["", *_MESS_SHARES])
    shares = np.array([1 - sum(_MESS_SHARES.values()), *_MESS_SHARES.values()])
    kind = rng.choice(kinds, len(titles), p=shares)
    place = rng.random(len(titles))
    typed = [_typed(*one) for one in zip(titles, kind, place, strict=True)]
    missing = rng.random(len(titles)) < _MISSING_SHARE
    return np.where(missing, np.array([None], dtype=object), np.array(typed, dtype=object))


def _typed(title: str, kind: str, place: float) -> str:
    """One title, with one kind of mess; ``place`` in [0, 1) chooses where or which."""
    match kind:
        case "lower":
            return title.lower()
        case "upper":
            return title.upper()
        case "typo":
            at = int(place * max(len(title) - 1, 1))
            return title[:at] + title[at + 1 : at + 2] + title[at : at + 1] + title[at + 2 :]
        case "tail":
            return title + _TAILS[int(place * len(_TAILS))]
        case "space":
            return f" {title} "
        case _:
            return title


def build_domains(count: int, rng: np.random.Generator) -> Texts:
    """An address for each company: ``nordwerk17.example``."""
    first = rng.integers(0, len(_DOMAIN_FIRST), count)
    last = rng.integers(0, len(_DOMAIN_LAST), count)
    names = [
        f"{_DOMAIN_FIRST[a]}{_DOMAIN_LAST[b]}{number}.example"
        for number, (a, b) in enumerate(zip(first, last, strict=True))
    ]
    return np.array(names, dtype=object)


def build_emails(kinds: Ints, domains: Texts, rng: np.random.Generator) -> Texts:
    """One address for each lead: of its company's domain, or of what its kind of address has."""
    first = rng.integers(0, len(_FIRST), len(kinds))
    last = rng.integers(0, len(_LAST), len(kinds))
    which: Floats = rng.random(len(kinds))
    emails = []
    for number, (kind, domain) in enumerate(zip(kinds, domains, strict=True)):
        others = _DOMAINS.get(EMAIL_KINDS[kind], (domain,))
        person = f"{_FIRST[first[number]]}.{_LAST[last[number]]}"
        emails.append(f"{person}.{number}@{others[int(which[number] * len(others))]}")
    return np.array(emails, dtype=object)
