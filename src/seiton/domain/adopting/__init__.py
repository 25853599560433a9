"""Taking an existing folder under Seiton's rules: what each video is, told from everything that lies there.

Names of folders and files, neighbours and NFOs are heard together. Nothing is invented: what cannot be told
is left alone, with the reason.
"""

from __future__ import annotations

from seiton.domain.adopting.evidence import Adopted, Folder, Left, Source, Verdict, Video, WhyLeft
from seiton.domain.adopting.folder_names import is_skipped, readable
from seiton.domain.adopting.judging import judge
from seiton.domain.adopting.layouts import Fit, Layout, best_layouts, fitting
from seiton.domain.adopting.readings import NO_PARSER, Evidence, as_adopted, dump_evidence, load_evidence

__all__ = [
    "NO_PARSER",
    "Adopted",
    "Evidence",
    "Fit",
    "Folder",
    "Layout",
    "Left",
    "Source",
    "Verdict",
    "Video",
    "WhyLeft",
    "as_adopted",
    "best_layouts",
    "dump_evidence",
    "fitting",
    "is_skipped",
    "judge",
    "load_evidence",
    "readable",
]
