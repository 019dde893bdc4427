"""What the terminal says of a training: how good, let through or not, registered, repeated."""

from collections.abc import Mapping
from typing import Any

from leadml.said.figures import interval


def judgement_lines(card: Mapping[str, Any]) -> list[str]:
    """How good a model is, beside what one would do without it."""
    evaluation, figures = card["evaluation"], card["evaluation"]["figures"]
    model, newest = figures["model"], figures["newest first"]
    base = figures["base rate"]
    lines = [
        (
            f"Judged on {evaluation['n']:,} examples of {evaluation['leads']:,} leads it had not "
            f"seen, {evaluation['converted']:,} of them won."
        ),
        (
            "Sorting: of a won and a lost lead it puts the won one higher "
            f"{interval(model['auc'], percent=True)} of the time (newest first: "
            f"{newest['auc']['value']:.0%})."
        ),
        (
            f"The top 20 % of leads hold {interval(model['wins_in_top_20'], percent=True)} of the "
            f"wins (newest first: {newest['wins_in_top_20']['value']:.0%})."
        ),
        (
            f"Probabilities: log loss {interval(model['log_loss'])}, Brier "
            f"{interval(model['brier'])} (base rate: {base['log_loss']['value']:.3f}, "
            f"{base['brier']['value']:.3f})."
        ),
        f"Recipe: {card['recipe']}.",
    ]
    found = [leak for leak in card["leaks"] if leak["verdict"] == "leak"]
    kept_out = [leak["column"] for leak in found if not leak.get("allowed")]
    if kept_out:
        lines.append(f"Kept out as leaks: {', '.join(kept_out)}.")
    allowed = [leak["column"] for leak in found if leak.get("allowed")]
    if allowed:
        lines.append(f"Leaks used, for attributes.allow names them: {', '.join(allowed)}.")
    if not card["usable"]:
        lines.append(
            "NO USABLE SIGNAL: it does not beat the base rate beyond noise. "
            "Do not sell a ranking from it."
        )
    return lines


def gate_lines(gate: Mapping[str, Any]) -> list[str]:
    """The gate's verdict, a line a rule."""
    beside = f" beside version {gate['champion']}" if gate["champion"] else ""
    passed = gate["passed"]
    head = f"The gate lets it pass{beside}." if passed else f"THE GATE REFUSES IT{beside}."
    rules = (("ok" if rule["passed"] else "refused", rule) for rule in gate["rules"])
    return [head, *(f"{word:>8}  {rule['name']}: {rule['text']}" for word, rule in rules)]


def gate_word(verdict: str) -> str:
    r"""The gate's verdict on a version, in a word or two.

    >>> gate_word("log loss: Worse by far.\nleaks: It reads notes.")
    'gate refused (log loss, leaks)'
    """
    if verdict in {"passed", ""}:
        return "gate passed" if verdict else "no gate"
    return f"gate refused ({', '.join(line.split(':')[0] for line in verdict.splitlines())})"


def registered_line(number: str, *, champion: bool, usable: bool, passed: bool) -> str:
    """What became of a version."""
    if champion:
        return f"Registered as version {number}, the champion: it scores."
    if not usable:
        return f"Registered as version {number}; without a usable signal it cannot be promoted."
    if not passed:
        return (
            f"Registered as version {number}, the challenger. The gate refused it: "
            f'`leadml promote {number} --force "why"` makes it score all the same.'
        )
    return (
        f"Registered as version {number}, the challenger. `leadml promote {number}` makes it score."
    )


def repeat_lines(origin: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Whether a repeated run had the data, the code and the packages of the first."""
    pairs = {
        "Data": (origin["fingerprint"], again["fingerprint"]),
        "Code": (origin["code"], again["code"]),
    }
    lines = [
        f"{name}: the same as in the run repeated ({new[:12]})."
        if old == new
        else f"{name}: NOT the same as in the run repeated ({old[:12]}, now {new[:12]})."
        for name, (old, new) in pairs.items()
    ]
    moved = [
        f"{name} {old} is now {again['packages'].get(name, 'absent')}"
        for name, old in origin["packages"].items()
        if again["packages"].get(name) != old
    ]
    return [*lines, f"Packages: {', '.join(moved) or 'the same'}."]
