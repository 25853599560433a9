"""The only calls in Seiton that may touch a media file. Paths are absolute ``bytes``.

Nothing here decides what goes where. No call overwrites or deletes a media file: the kernel refuses
(``renameat2(RENAME_NOREPLACE)``, ``link``, ``O_EXCL``), never a check before the call.
"""

from __future__ import annotations

from seiton.adapters.files.copying import Staged, publish, stage_copy
from seiton.adapters.files.exclusive import (
    folder_of,
    park_path,
    retire_path,
    set_aside_at,
    temp_path,
    unlink_own,
)
from seiton.adapters.files.folders import flush, list_names, make_folders, remove_empty_folder
from seiton.adapters.files.generated import (
    put_staged,
    read_small,
    replace_generated,
    retire_generated,
    stage,
    touch_generated,
    write_new,
)
from seiton.adapters.files.hashing import digest_of, hash_file
from seiton.adapters.files.identity import Identity, identify
from seiton.adapters.files.library import LibraryRoot, below, room_in
from seiton.adapters.files.moving import is_respelling, move
from seiton.adapters.files.outcomes import (
    AccessRefused,
    CannotLink,
    FileOutcome,
    FilesystemError,
    LibraryAway,
    LibraryBusy,
    NameTooLong,
    NoSpace,
    NotOurs,
    OutsideRoot,
    SourceChanged,
    SourceGone,
    TargetTaken,
    UnsafeFilesystem,
)
from seiton.adapters.files.placing import LinkMode, Placed, place
from seiton.adapters.files.retiring import retire
from seiton.adapters.files.ways import EVERY_WAY, Ways, probe

__all__ = [
    "EVERY_WAY",
    "AccessRefused",
    "CannotLink",
    "FileOutcome",
    "FilesystemError",
    "Identity",
    "LibraryAway",
    "LibraryBusy",
    "LibraryRoot",
    "LinkMode",
    "NameTooLong",
    "NoSpace",
    "NotOurs",
    "OutsideRoot",
    "Placed",
    "SourceChanged",
    "SourceGone",
    "Staged",
    "TargetTaken",
    "UnsafeFilesystem",
    "Ways",
    "below",
    "digest_of",
    "flush",
    "folder_of",
    "hash_file",
    "identify",
    "is_respelling",
    "list_names",
    "make_folders",
    "move",
    "park_path",
    "place",
    "probe",
    "publish",
    "put_staged",
    "read_small",
    "remove_empty_folder",
    "replace_generated",
    "retire",
    "retire_generated",
    "retire_path",
    "room_in",
    "set_aside_at",
    "stage",
    "stage_copy",
    "temp_path",
    "touch_generated",
    "unlink_own",
    "write_new",
]
