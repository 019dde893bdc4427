"""Drivers as a card has them, small enough to read."""

from typing import Any

VIEWS = "pricing-page views in the last 7 days"


def rate(n: int, won: int) -> dict[str, Any]:
    share = won / n
    return {
        "n": n,
        "leads": n,
        "won": won,
        "rate": share,
        "lower": max(share - 0.02, 0.0),
        "upper": share + 0.02,
    }


def band(
    text: str,
    n: int,
    won: int,
    *,
    kind: str = "level",
    ends: tuple[float | None, float | None] = (None, None),
    effect: float = 0.0,
    all_of: tuple[int, int] = (1000, 150),
) -> dict[str, Any]:
    others = all_of[0] - n, all_of[1] - won
    return {
        "text": text,
        "kind": kind,
        "low": ends[0],
        "high": ends[1],
        **rate(n, won),
        "effect": effect,
        "rest": rate(*others) if others[0] else None,
    }


def spread(n: int, effect: float) -> dict[str, Any]:
    return {"n": n, "effect": effect, "lower": effect - 0.1, "upper": effect + 0.1}


def curve(*, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """Four values of a count."""
    values = ((0.0, 600, -0.2), (1.0, 200, 0.3), (2.0, 60, 0.6), (3.0, 40, 0.9))
    return {
        "points": [
            {"value": v, "low": v, "high": v, **spread(n, effect)} for v, n, effect in values
        ],
        "missing": missing,
        "scale": "linear",
        "bars": [{"low": v - 0.5, "high": v + 0.5, "n": n} for v, n, _ in values],
        "beyond": 0,
    }


def driver(
    subject: str,
    bands: list[dict[str, Any]],
    *,
    weight: float,
    group: str = "engagement",
    label: str = "",
    curve: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "subject": subject,
        "keys": [subject.replace(" ", "_")],
        "group": group,
        "weight": weight,
        "feature": subject.replace(" ", "_"),
        "label": label or subject,
        "bands": bands,
        "curve": curve,
    }


def drivers() -> list[dict[str, Any]]:
    """Two that matter, one that hardly does and two that are not used."""
    return [
        driver(
            "pricing-page views",
            [
                band(f"no {VIEWS}", 700, 77, kind="range", ends=(0.0, 0.0), effect=-0.2),
                band(f"{VIEWS}: 1 to 3", 300, 73, kind="range", ends=(1.0, 3.0), effect=0.5),
            ],
            weight=0.4,
            label=VIEWS,
            curve=curve(),
        ),
        driver(
            "country",
            [
                band("country: DE", 500, 100, effect=0.3),
                band("country: FR", 500, 50, effect=-0.3),
            ],
            weight=0.2,
            group="fit",
        ),
        driver("newsletters", [band("no newsletter yet", 1000, 150)], weight=0.001),
        driver(
            "bounces",
            [band("bounces: 0", 900, 149), band("bounces: 1", 100, 1)],
            weight=0.0,
            group="negative",
        ),
        driver("email", [band("email: a rare or new value", 1000, 150)], weight=0.0, group="fit"),
    ]


def half(subject: str, text: str, *, label: str = "", ends: str = "") -> dict[str, Any]:
    return {
        "subject": subject,
        "group": "fit",
        "feature": subject,
        "label": label or subject,
        "text": text,
        "ends": ends,
    }


def pair(*, expected: float = 0.19, p: float = 0.004) -> dict[str, Any]:
    return {
        "first": half("views", f"{VIEWS}: 1 to 9", label=VIEWS, ends="high"),
        "second": half("country", "country: DE"),
        "cells": {
            "both": rate(200, 62),
            "first": rate(100, 12),
            "second": rate(400, 36),
            "neither": rate(300, 12),
        },
        "expected": expected,
        "p": p / 10,
        "p_of_all": p,
    }
