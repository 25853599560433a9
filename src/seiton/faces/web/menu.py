"""The menu, and the sentences that pages open with after something was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

N_ = str  # marks a text for the catalogues; it is translated when it is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the menu: ``path`` below the root, its name in English, its icon."""

    path: str
    name: str
    icon: str


MENU: Sequence[tuple[str, Sequence[Entry]]] = (
    (
        "",
        (
            Entry(path="/", name=N_("Overview"), icon="home"),
            Entry(path="/library", name=N_("Library"), icon="library"),
            Entry(path="/season", name=N_("This season"), icon="season"),
            Entry(path="/wanted", name=N_("Wanted"), icon="wanted"),
            Entry(path="/inbox", name=N_("Inbox"), icon="inbox"),
            Entry(path="/identity", name=N_("Identity"), icon="identity"),
        ),
    ),
    (
        N_("Rules"),
        (
            Entry(path="/parsers", name=N_("Parsers"), icon="parsers"),
            Entry(path="/teach", name=N_("Teach by example"), icon="teach"),
            Entry(path="/filters", name=N_("Filters"), icon="filters"),
        ),
    ),
    (
        N_("Work"),
        (
            Entry(path="/subscriptions", name=N_("Subscriptions"), icon="feeds"),
            Entry(path="/downloads", name=N_("Downloads"), icon="downloads"),
            Entry(path="/adopt", name=N_("Adopt"), icon="adopt"),
            Entry(path="/resyncs", name=N_("Resyncs"), icon="resyncs"),
            Entry(path="/holds", name=N_("Held"), icon="holds"),
        ),
    ),
    (
        N_("House"),
        (
            Entry(path="/settings", name=N_("Settings"), icon="settings"),
            Entry(path="/modules", name=N_("Modules"), icon="modules"),
            Entry(path="/notifications", name=N_("Notifications"), icon="bell"),
            Entry(path="/access", name=N_("Access"), icon="key"),
            Entry(path="/log", name=N_("Log"), icon="log"),
        ),
    ),
)

SAID = {
    "saved": N_("Saved. Files follow in the background."),
    "copied": N_("This is your copy. It is switched off until you switch it on."),
    "deleted": N_("Deleted. What it had filed stays."),
    "retried": N_("It is being tried again."),
    "rejected": N_("The edit was taken back. Nothing had moved."),
    "chosen": N_("Done."),
    "aside": N_("Set aside: no parser looks at it any more."),
    "followed": N_("It is followed from now on, and being fetched."),
    "fetching": N_("It is being fetched."),
    "answers": N_("It answers."),
    "tested": N_("The test was taken."),
    "reread": N_("These are the targets as the settings name them now."),
    "accepted": N_("Said. What is known about it comes in the background."),
    "refused": N_("It is not that, and it is not suggested again."),
    "unclear": N_("No suggestion agrees exactly and alone; decide on each of them."),
    "found": N_("This is what was found."),
    "unfound": N_("The search found nothing new. You can say by hand what it is."),
    "claimed": N_("Another series has this id: the two are likely one. Under Identity they can be made one."),
    "sought": N_("It is being looked for, site by site. What is found comes up under Downloads."),
    "adopted": N_("Adopted. They are put on record now, and what moves stands below."),
    "replaced": N_("Files had changed since, so nothing was done. This is the plan as it is now."),
    "replanned": N_("Files are named like that from now on. This is the plan by it."),
    "discarded": N_("The plan was thrown away; nothing was touched."),
    "removed": N_("It is being taken away. Until its trash is emptied it can be undone here."),
    "left": N_("It is not followed any more; what it brought stays."),
}
"""Notices that a page opens with, by the word in its address."""
