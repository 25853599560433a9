"""The messages between services, and nothing else.

Field names and status words are those of the reference system (contract §1.5–1.8). What Seiton adds
is optional, so that a peer that knows only the contract can leave it out.
"""

from __future__ import annotations

from seiton.contract.drift import (
    MAX_REPAIRS,
    DriftFound,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    Mended,
    SilentViewer,
)
from seiton.contract.filing import (
    BatchReceipt,
    BatchStatus,
    Described,
    Facts,
    ItemReceipt,
    LibraryNaming,
    Receipt,
    ViewerBatch,
    ViewerResyncRequest,
    ViewerSyncCallback,
    ViewerSyncRequest,
)
from seiton.contract.messages import (
    MAX_BATCH,
    Message,
    Reporting,
)
from seiton.contract.plans import (
    PlanAnswer,
    PlannedHold,
    PlannedMove,
    ViewerPlanRequest,
)
from seiton.contract.removal import (
    HeldFile,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerRemoval,
    ViewerRemovals,
)
from seiton.contract.scan import (
    ScannedFolder,
    ScannedNfo,
    ScannedVideo,
    ViewerScan,
    ViewerScanRequest,
)

__all__ = [
    "MAX_BATCH",
    "MAX_REPAIRS",
    "BatchReceipt",
    "BatchStatus",
    "Described",
    "DriftFound",
    "Facts",
    "HeldFile",
    "ItemReceipt",
    "LibraryCheck",
    "LibraryCheckPart",
    "LibraryNaming",
    "LibraryRepair",
    "LibraryRepaired",
    "Mended",
    "Message",
    "PlanAnswer",
    "PlannedHold",
    "PlannedMove",
    "Receipt",
    "Reporting",
    "ScannedFolder",
    "ScannedNfo",
    "ScannedVideo",
    "SilentViewer",
    "ViewerBatch",
    "ViewerFiles",
    "ViewerFilesRequest",
    "ViewerPlanRequest",
    "ViewerRemoval",
    "ViewerRemovals",
    "ViewerResyncRequest",
    "ViewerScan",
    "ViewerScanRequest",
    "ViewerSyncCallback",
    "ViewerSyncRequest",
]
