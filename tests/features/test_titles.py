"""Does a job title tell how high a lead stands, and what it works on?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.title_words import FUNCTIONS, GENERAL, LEVELS, LOOSE
from features.titles import JOB_FUNCTIONS, SENIORITIES, job_function, seniority

TITLES = {
    "student": "Student; Marketing Intern; Working Student Sales; Werkstudent (m/w/d) Vertrieb;"
    "Stagiaire; Becario; Graduate Trainee; Praktikantin; Stagiair",
    "assistant": "Assistant to the CEO; Director's assistant; CEO’s Assistant; Executive Assistant;"
    "Personal Assistant CEO; PA to the Managing Director; Assistentin der Geschäftsführung;"
    "Vorstandsassistentin; Assistante de direction; Secretary; Assistant of the Director;"
    "Assistant, CEO; Directiesecretaresse",
    "junior": "Jr. Accountant; Junior Product Manager; Junior Sales Manager; Entry Level",
    "specialist": "Software Engineer II; Account Executive; Product Owner; Process Owner;"
    "Key Account Manager; Product Manager; Project Manager; Customer Success Manager; Buyer;"
    "Office Manager; HR Business Partner; Business Analyst; Procurement Officer;"
    "Advisor to the CEO; Lead Generation Specialist; Founder's Associate; Projektleiter;"
    "Sachbearbeiterin Buchhaltung;"
    "Einkäufer; Medewerker klantenservice; Coördinator; Chargée de communication; Chef de projet;"
    "Développeur; Ingeniero de Software",
    "senior": "Senior Account Manager; Sr. Software Developer; Principal Engineer; Tech Lead",
    "manager": "Sales Manager; Engineering Manager; Team Lead; Teamleiter Vertrieb; Supervisor;"
    "Assistant Manager; Assistant Sales Manager; Responsable marketing; Gerente de Compras;"
    "Teamleider; Direct to Consumer Manager; Management",
    "head": "Head of IT; Leiterin Marketing; Leiter:in Einkauf; Abteilungsleiter IT; Hoofd Inkoop;"
    "Jefe de Ventas; Chief of Staff; Chief Engineer",
    "director": "Director of Engineering; Regional Sales Director; Associate Director; Directeur;"
    "Directrice des ressources humaines; Director de Recursos Humanos; General Manager; Prokurist;"
    "Dir. of IT; Deputy Director; Assistant Director of Finance",
    "vice president": "VP of Sales; V.P. Engineering; SVP Product; Vice-President;"
    "Senior Vice President, Operations; Assistant Vice President; Vice Président Ventes;"
    "VICE  PRESIDENT",
    "c-level": "CFO; C.E.O.; Chief Financial Officer; Chief Revenue and Marketing Officer;"
    "President & CEO; Managing Director; Geschäftsführer; Geschaeftsfuehrer; Geschäftsführer:in;"
    "GESCHÄFTSFÜHRER; Gescha\u0308ftsfu\u0308hrer; Vorstand; Algemeen directeur; Directeur Général;"
    "PDG; Consejero Delegado; Board Member; Executive",
    "owner": "Owner; Founder & CEO; Co-Founder; Partner; Managing Partner; Inhaber; Eigenaar;"
    "Dueño; Geschäftsführender Gesellschafter; DGA; Self-employed; Fondatrice",
}
"""By seniority."""

WORK = {
    "sales": "VP of Sales; Account Executive; Business Development Manager; Sales Engineer; CRO;"
    "Teamleiter Vertrieb; Managing Director, Sales; Jefe de Ventas; Software Sales Manager;"
    "Ingénieur commercial",
    "marketing": "Marketing Intern; CMO; Head of Product Marketing; Lead Generation Specialist;"
    "Responsable marketing; Communications Manager",
    "customer success": "Customer Success Manager; Medewerker klantenservice; Technical Support",
    "product": "Product Owner; SVP Product; Product Manager; CPO",
    "design": "UX Designer; Product Designer; Art Director",
    "engineering": "Software Engineer II; CTO; V.P. Engineering; Développeur; Ontwikkelaar;"
    "Chief Engineer; Solutions Architect",
    "data": "Data Scientist; Head of Data; Business Analyst; Director of Analytics",
    "it": "Head of IT; CIO; IT Support; System Administrator; DSI; Abteilungsleiter IT",
    "research": "R&D Director; Research Associate; Scientist",
    "operations": "COO; Operations Manager; Supply Chain Manager; Project Manager; Projektleiter",
    "procurement": "Buyer; Procurement Officer; Leiter:in Einkauf; Hoofd Inkoop",
    "finance": "CFO; Chief Financial Officer; Financial Analyst; Sachbearbeiterin Buchhaltung;"
    "Assistant Director of Finance; Controller",
    "legal": "Legal Counsel; General Counsel; Data Protection Officer; Company Secretary",
    "hr": "HR Business Partner; Recruiter; Directrice des ressources humaines; Head of People",
    "administration": "Assistant to the CEO; Executive Assistant; Office Manager; Secretary;"
    "PA to the Managing Director; Vorstandsassistentin",
    "general management": "CEO; Founder & CEO; Managing Director; Geschaeftsfuehrer; Inhaber;"
    "Algemeen directeur; PDG; Dueño; General Manager",
}
"""By function."""


def pairs(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(title, name) for name, titles in table.items() for title in titles.split(";")]


def test_levels_rise_from_student_to_owner() -> None:
    assert tuple(TITLES) == SENIORITIES
    assert tuple(WORK) == JOB_FUNCTIONS


@pytest.mark.parametrize(("title", "level"), pairs(TITLES))
def test_a_title_tells_how_high_its_bearer_stands(title: str, level: str) -> None:
    assert seniority(title) == level


@pytest.mark.parametrize(("title", "function"), pairs(WORK))
def test_a_title_tells_what_its_bearer_works_on(title: str, function: str) -> None:
    assert job_function(title) == function


@pytest.mark.parametrize(
    "title",
    [
        "",
        " ",
        "-",
        "n/a",
        "123",
        "Other",
        "Retired",
        "Unemployed",
        "Housewife",
        "Working Professional",
        "Internal",
        "Headline",
        "Managerial",
        "Select",
        "to",
        "to the",
        "'s",
        "&",
        "🙂",
        "\x00\x07",
        "总经理",
        "x" * 10_000,
        " " * 10_000 + "CEO",
    ],
)
def test_a_title_that_says_nothing_gives_none(title: str) -> None:
    assert seniority(title) is None
    assert job_function(title) is None


@pytest.mark.parametrize(("title", "level"), [("Sales", None), ("Manager", "manager")])
def test_a_title_may_say_one_thing_and_not_the_other(title: str, level: str | None) -> None:
    assert seniority(title) == level
    assert job_function(title) == ("sales" if title == "Sales" else None)


def test_a_level_and_a_function_stand_for_themselves() -> None:
    """A column may hold the answers already: "C-Level", "Vice President", "Finance"."""
    assert [seniority(level.upper()) for level in SENIORITIES] == list(SENIORITIES)
    assert [job_function(name.title()) for name in JOB_FUNCTIONS] == list(JOB_FUNCTIONS)


@pytest.mark.parametrize("table", [LEVELS, FUNCTIONS, LOOSE, GENERAL])
def test_no_phrase_stands_twice_and_each_can_be_found(table: dict[str, str]) -> None:
    phrases = [phrase for listed in table.values() for phrase in listed.split(", ")]
    assert sorted(set(phrases)) == sorted(phrases)
    assert all(len(phrase.split()) <= 4 for phrase in phrases)
    assert all(set(phrase) <= set("abcdefghijklmnopqrstuvwxyz ") for phrase in phrases)


@pytest.mark.parametrize("name", [level for level in LEVELS if level])
def test_each_phrase_alone_says_its_level(name: str) -> None:
    told = {phrase: seniority(phrase) for phrase in LEVELS[name].split(", ")}
    assert {phrase for phrase, level in told.items() if level != name} <= {
        "executive",
        "director general",
    }


words = st.sampled_from(["assistant", "to", "the", "ceo", "s", "'s", "chief", "officer", "junior"])


@given(st.text() | st.lists(words).map(" ".join))
def test_any_text_has_a_level_and_a_function_or_none(title: str) -> None:
    assert seniority(title) in {*SENIORITIES, None}
    assert job_function(title) in {*JOB_FUNCTIONS, None}


@given(st.sampled_from([title for title, _ in pairs(TITLES)]))
def test_case_and_blanks_do_not_matter(title: str) -> None:
    assert seniority(f"  {title.upper()} ") == seniority(title.lower())
    assert job_function(f"  {title.upper()} ") == job_function(title.lower())
