"""Words of Acme: titles, and the anticipated outcomes that people write, good and bad."""

import random

_THINGS = {
    "CHK": ("cart total", "guest checkout", "address form", "voucher field", "delivery option", "order summary"),
    "WEB": ("product page", "start screen", "image gallery", "push message", "wish list", "cookie banner"),
    "SRCH": ("result ranking", "spelling correction", "facet counts", "suggestion list", "index refresh", "synonyms"),
    "PAY": ("card payment", "wallet payment", "3-D Secure step", "refund call", "fraud score", "payout file"),
    "BILL": ("invoice PDF", "tax rate", "dunning letter", "subscription change", "credit note", "ledger export"),
    "RET": ("return label", "refund status", "return reason", "pick-up slot", "carrier hand-over", "inspection form"),
    "OMS": ("order split", "allocation rule", "event replay", "back order", "cancellation window", "stock reservation"),
    "WHS": ("pick list", "packing station", "stock count", "label printer", "tote scan", "replenishment"),
    "PARC": ("tracking page", "shipping label", "carrier rate", "delivery notice", "customs form", "parcel weight"),
    "TOOL": ("build cache", "service template", "pipeline runner", "developer portal", "test data", "secret rotation"),
}
_ACTS = {
    "10001": ("Show {} on small screens", "Let customers change the {}", "Add {} for business accounts",
              "New {} for Austria", "Explain the {} better", "Offer {} after login"),
    "10002": ("Wire {} to the new event", "Configure {} per country", "Document the {}", "Measure the {}",
              "Prepare data for {}"),
    "10003": ("{} fails on retry", "Wrong {} after midnight", "{} shown twice", "{} missing in Safari",
              "Slow {} under load"),
    "10004": ("Untangle {} module", "Remove old {} code", "Upgrade library behind {}", "Cover {} with tests"),
    "10005": ("Spike: options for {}", "Spike: limits of {}"),
    "10006": ("Close finding in {}", "Rotate keys of {}", "Limit access to {}"),
    "10008": ("Improve {}", "Nicer {}"),
}  # fmt: skip
_ACTS |= {
    "10041": _ACTS["10001"],
    "10042": _ACTS["10003"],
    "10043": _ACTS["10004"],
    "10007": ("Review texts of {}", "Test {}"),
}


def title(rng: random.Random, project: str, type_id: str) -> str:
    """A title of an item."""
    text = rng.choice(_ACTS[type_id]).format(rng.choice(_THINGS[project]))
    return text[0].upper() + text[1:]


_INITIATIVES = (
    "Faster {}", "{} for business customers", "Self-service {}", "{} in two new countries", "Reliable {}",
    "One {} everywhere", "Simpler {}", "{} without paper", "Real-time {}", "Accessible {}",
)  # fmt: skip


def initiative_title(number: int, project: str, serial: int) -> str:
    """A title of an initiative, different within its project."""
    things = _THINGS[project]
    text = _INITIATIVES[(number + serial) % len(_INITIATIVES)].format(things[(serial * 5 + number) % len(things)])
    return text[0].upper() + text[1:]


GOOD_OUTCOMES = (
    "Customers finish checkout in under two minutes, so that abandoned carts fall from 71 % to 60 % by September.",
    "Support receives 30 % fewer calls about this topic within one quarter of the release.",
    "Merchants can do it themselves; today each request costs us 40 minutes of an expert's time.",
    "Conversion on mobile rises by 1.5 percentage points, measured by the weekly A/B report.",
    "Operations can restore the service within 15 minutes instead of two hours.",
    "Returns are refunded within 24 hours for 95 % of customers.",
    "Kunden sehen ihre Erstattung am selben Tag; Rückfragen beim Service sinken um ein Drittel.",
    "Weniger Fehlbestände im Lager: von 2,4 % auf unter 1 % bis Jahresende.",
    "Los clientes encuentran el producto en la primera página en el 80 % de las búsquedas.",
    "Les commerçants reçoivent leurs paiements en un jour au lieu de trois.",
    "返品の問い合わせを四半期で三割減らし、顧客満足度を上げる。",
    "يحصل العملاء على رقم التتبع خلال دقيقة واحدة بعد الدفع.",
)
PLACEHOLDER_OUTCOMES = (
    "TBD", "tbd.", "TBC", "n/a", "N/A", "-", "...", "?", "to be defined", "To be discussed", "todo", "none", "xxx",
    "wird noch ergänzt", "folgt", "à définir", "por definir",
)  # fmt: skip
TEMPLATE_OUTCOME = "As a result of this initiative, <who> will be able to <what>, measured by <metric>."
"""The text that Acme's Anticipated Outcome field offers to be filled in."""
LINK_OUTCOMES = (
    "https://acme.example/wiki/spaces/PROD/pages/88123", "https://docs.acme.example/outcomes?id=417", "http://acme.example/okr",
)  # fmt: skip
BLANK_OUTCOMES = ("", "   ", "\u00a0", "\n\n")
ACTUAL_OUTCOMES = (
    "Calls about this topic fell by 34 % in eight weeks.",
    "No measurable effect on conversion so far; we stop here.",
    "Refunds within 24 hours rose from 58 % to 91 %.",
    "Partly: two of the three carriers are live, waiting time fell by half.",
    "Fehlbestände jetzt bei 1,3 %, Ziel knapp verfehlt.",
)
PLEASING_OUTCOMES = (
    "Calls about this topic fall by about a third.",
    "Refunds within 24 hours rise to at least 90 %.",
    "Wir liefern alle drei Funktionen bis zum Quartalsende.",
    "Todos los equipos usan la nueva versión.",
)
"""What people write over an outcome once they know what came."""
