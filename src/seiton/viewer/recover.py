"""After a crash: finish the chunk that was cut short, from its journal and from what the disk shows."""

from __future__ import annotations

from seiton.adapters.files import LibraryRoot
from seiton.viewer import journal
from seiton.viewer.apply import Applier
from seiton.viewer.chunk import evidence, record_places, run_steps
from seiton.viewer.service import Viewer


def recover(viewer: Viewer, library: LibraryRoot) -> int:
    """Run the open steps again, in order: each finds that it is done, or is done now. Returns how many.

    Wishes stay pending: the next plan looks at them anew. A chunk that cannot be finished (something came
    into its way) is taken back like any other. What cannot be taken back either, because the disk refuses
    any change, stays open until it can.
    """
    with viewer.database.read() as connection:
        plan_id, steps = journal.open_steps(connection, library.library_id)
        contents = journal.contents_of(connection, (s.after_digest for s in steps if s.after_digest))
    if not steps:
        return 0
    applier = Applier(library, viewer.profile, contents, evidence(viewer), recovering=True)
    ran = run_steps(applier, steps, recovering=True)
    if ran.failures:
        library.check()
    record_places(viewer, library, plan_id, ran)
    return len(steps)
