"""Every persisted state and its legal transitions.

Database constraints are made from these enums, so a state that code can write is a state that the
database accepts (the reference wrote ``resyncing`` into a column that refused it).
"""

from __future__ import annotations

from enum import StrEnum


class RawItemStatus(StrEnum):
    """What the parsers made of a feed entry."""

    PENDING = "pending"  #: not looked at yet
    PARSED = "parsed"  #: a parser matched
    NO_MATCH = "no_match"  #: no parser matched
    FAILED = "failed"  #: a parser matched, but what it took from the title cannot be used
    SKIPPED = "skipped"  #: set aside by hand; stays so whatever parsers say


class DownloadStatus(StrEnum):
    """Where a download stands; the words are the contract's."""

    PENDING = "pending"  #: wanted, recorded, not handed to a client yet
    DOWNLOADING = "downloading"  #: a client has it
    COMPLETED = "completed"  #: all bytes are there, the viewer has not been asked
    SYNCING = "syncing"  #: the viewer was asked to file it
    SYNCED = "synced"  #: it is in the library
    RESYNCING = "resyncing"  #: the viewer was asked to move it
    SYNC_FAILED = "sync_failed"  #: filing is given up or held; the reason is on the row
    FAILED = "failed"  #: the client failed
    CANCELLED = "cancelled"  #: taken back
    DOWNLOADER_ERROR = "downloader_error"  #: the client could not be asked
    NO_DOWNLOADER = "no_downloader"  #: nobody can fetch this kind of link
    BATCH_UNMATCHED = "batch_unmatched"  #: no file of the torrent fits this episode
    BATCH_FAILED = "batch_failed"  #: … and that is final


D = DownloadStatus
DOWNLOAD_TRANSITIONS: dict[DownloadStatus, frozenset[DownloadStatus]] = {
    D.PENDING: frozenset({D.DOWNLOADING, D.FAILED, D.CANCELLED, D.NO_DOWNLOADER, D.DOWNLOADER_ERROR}),
    D.DOWNLOADING: frozenset(
        {D.COMPLETED, D.BATCH_UNMATCHED, D.FAILED, D.CANCELLED, D.DOWNLOADER_ERROR, D.PENDING}
    ),
    D.DOWNLOADER_ERROR: frozenset(
        {D.DOWNLOADING, D.COMPLETED, D.BATCH_UNMATCHED, D.FAILED, D.CANCELLED, D.PENDING}
    ),
    D.NO_DOWNLOADER: frozenset({D.PENDING, D.CANCELLED, D.FAILED}),
    D.FAILED: frozenset({D.PENDING, D.DOWNLOADING, D.CANCELLED}),
    # What was removed comes back from the trash into the library.
    D.CANCELLED: frozenset({D.PENDING, D.SYNCED}),
    # A report may come after the request was given up as lost.
    D.COMPLETED: frozenset({D.SYNCING, D.SYNCED, D.SYNC_FAILED, D.BATCH_UNMATCHED, D.CANCELLED}),
    D.SYNCING: frozenset({D.SYNCED, D.COMPLETED, D.SYNC_FAILED, D.CANCELLED}),
    D.SYNC_FAILED: frozenset({D.COMPLETED, D.SYNCING, D.SYNCED, D.CANCELLED}),
    # A failed resync leaves the file where it was: playable, hence synced.
    D.SYNCED: frozenset({D.RESYNCING, D.CANCELLED}),
    D.RESYNCING: frozenset({D.SYNCED, D.CANCELLED}),
    D.BATCH_UNMATCHED: frozenset({D.COMPLETED, D.BATCH_FAILED, D.CANCELLED}),
    D.BATCH_FAILED: frozenset({D.COMPLETED, D.BATCH_UNMATCHED, D.PENDING, D.CANCELLED}),
}
"""From each state, the states that may follow. Staying is always allowed."""

IN_LIBRARY = frozenset({D.SYNCED, D.RESYNCING})
"""The file lies in the library."""

IN_CLIENT = frozenset({D.DOWNLOADING, D.DOWNLOADER_ERROR})
"""A torrent client is working on it."""

UNMATCHED = frozenset({D.BATCH_UNMATCHED, D.BATCH_FAILED})
"""The torrent is there, but none of its files is this episode, by the rules as they were."""

BEFORE_FILES = IN_CLIENT | {D.PENDING}
"""On its way; no file of it is used yet, so that it can be taken back."""

GIVEN_UP = UNMATCHED | {D.CANCELLED, D.FAILED, D.NO_DOWNLOADER}
"""Nothing comes of it as things are: another release of the episode may take its place."""

IN_VIEWER = frozenset({D.SYNCING, D.SYNCED, D.RESYNCING})
"""The file lies in the library, or the viewer is about to put it there by what it was told last."""


def may_follow(before: DownloadStatus, after: DownloadStatus) -> bool:
    """Say whether a download may go from ``before`` to ``after``."""
    return before == after or after in DOWNLOAD_TRANSITIONS[before]


class CancelReason(StrEnum):
    """Why a download was taken back, other than by hand."""

    FILTER = "filter"  #: a filter rule says that the release is not wanted
    REPLACED = "replaced"  #: a better release of the episode came before this one was there


class ConflictType(StrEnum):
    """What a person has to choose."""

    LINK = "link"  #: which release of an episode
    SUBSCRIPTION = "subscription"  #: which fetcher serves a subscription


class ResolutionStatus(StrEnum):
    """Where a conflict stands; the first word is the contract's."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"  #: somebody chose
    OBSOLETE = "obsolete"  #: there is nothing to choose any more


class ResyncState(StrEnum):
    """How far one cause has got."""

    RUNNING = "running"  #: titles are parsed again, or files are on their way
    WAITING = "waiting"  #: braked: a person has to confirm
    DONE = "done"  #: everything is applied, or held with a reason
    FAILED = "failed"  #: could not be worked out; nothing was sent
    SUPERSEDED = "superseded"  #: a later cause took over before this one was finished
    REJECTED = "rejected"  #: waited, and a person said no: what was edited is as it was before


class AdoptionState(StrEnum):
    """How far taking an existing folder under the rules has got."""

    PLANNED = "planned"  #: nothing is done; a person has to confirm
    REPLACED = "replaced"  #: files changed before it was confirmed: another plan took its place
    CONFIRMED = "confirmed"  #: its files are being put on record
    DONE = "done"  #: they are; what moves, moves as a resync


class UnitState(StrEnum):
    """The viewer's view of one file it holds, or is asked to hold."""

    WANTED = "wanted"  #: not in the library yet
    PLACED = "placed"  #: lies at its recorded path
    MISSING = "missing"  #: was placed; is not there any more
    REMOVED = "removed"  #: lies in the trash, or is gone from there, too


class StepState(StrEnum):
    """One journal row."""

    OPEN = "open"  #: recorded, perhaps done: the disk knows
    DONE = "done"  #: done and on the disk
    REVERSED = "reversed"  #: done, then taken back because the plan could not go on
    ABANDONED = "abandoned"  #: not done: something stood in the way


class TaskStatus(StrEnum):
    """One message that the viewer was sent."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class TaskType(StrEnum):
    """What a viewer task is about."""

    SYNC = "sync"
    RESYNC = "resync"
    REMOVE = "remove"
    REPAIR = "repair"  #: what a repair found out, told without being asked


class HoldReason(StrEnum):
    """Why a file was left alone: an expected outcome, shown to the user as such."""

    TARGET_OWNED = "target_owned"  #: another file of ours lies there and stays
    TARGET_FOREIGN = "target_foreign"  #: a file that is not ours lies there
    WAITING = "waiting"  #: the one that lies there wants to leave, but is held itself
    TWO_CLAIMS = "two_claims"  #: two files want the same name
    SOURCE_MISSING = "source_missing"  #: the file is not where it was left
    SOURCE_CHANGED = "source_changed"  #: another file lies where ours was left
    CHANGED_SINCE = "changed_since"  #: a user changed it after what is to be undone, so it is left as it is
    NAME_IMPOSSIBLE = "name_impossible"  #: no file name can be made from the metadata
    NO_LINK = "no_link"  #: link and reflink are impossible, copying is not allowed
    NO_SPACE = "no_space"  #: a copy would not fit, or not leave the reserve
    FILESYSTEM_UNSAFE = "filesystem_unsafe"  #: no call here can rename without overwriting
    FILESYSTEM_ERROR = "filesystem_error"  #: the file system refused (permission, read-only, I/O)
    LIBRARY_AWAY = "library_away"  #: the library is not mounted, or another one is
    OUTSIDE_ROOT = "outside_root"  #: the source is not below the download folder
    NO_MOVIES_ROOT = "no_movies_root"  #: a film, and no folder is named for films
    NO_VIDEO = "no_video"  #: nothing in the download is a video of this episode
    NFO_UNREADABLE = "nfo_unreadable"  #: the user's NFO cannot be parsed, so it is not replaced
    BRAKED = "braked"  #: many files at once: a person has to confirm
    GAVE_UP = "gave_up"  #: tried for 14 days
    STALLED = "stalled"  #: the transfer stood still for days
    NO_REMOVAL = "no_removal"  #: its viewer has no way to remove files
    NO_PREVIEW = "no_preview"  #: its viewer cannot say beforehand what it will do


class ModuleType(StrEnum):
    """What a registered module does."""

    FETCHER = "fetcher"
    DOWNLOADER = "downloader"
    VIEWER = "viewer"


class SourceType(StrEnum):
    """Where a parser takes a field from."""

    REGEX = "regex"
    STATIC = "static"


class ParserKind(StrEnum):
    """How a parser reads a title."""

    PATTERN = "pattern"  #: by its parse regex
    STRUCTURAL = "structural"  #: by the structural reader: brackets, words, numbers


class RulesMode(StrEnum):
    """How stored titles come from a version of the rules to the next."""

    EDIT = "edit"  #: the user changed them: everything follows
    UPDATE = "update"  #: the built-in ones were updated: links that would change wait
    TAKE = "take"  #: the user takes what waits


class DownloadType(StrEnum):
    """How a link can be fetched."""

    MAGNET = "magnet"
    TORRENT = "torrent"
    HTTP = "http"


class NeighbourKind(StrEnum):
    """What a neighbour is asked for."""

    SITE = "site"  #: feeds, and pages that they link to
    METADATA = "metadata"  #: facts about works
    PICTURES = "pictures"  #: posters


class NeighbourState(StrEnum):
    """How a neighbour is."""

    UNKNOWN = "unknown"  #: not asked yet
    WELL = "well"
    AWAY = "away"  #: not reached, too slow, or what answers there is something else
    REFUSED = "refused"  #: it does not take the user name and password
    UNFIT = "unfit"  #: a version that Seiton cannot work with


class IdStanding(StrEnum):
    """How sure it is that a series has an external id."""

    GIVEN = "given"  #: the feed says it, or a page that it links to
    CONFIRMED = "confirmed"  #: a person has accepted a suggestion
    MANUAL = "manual"  #: a person has written it
    SUGGESTED = "suggested"  #: found by a search
    CLAIMED = "claimed"  #: another series has it: they are likely one
    REJECTED = "rejected"  #: a person said that it is not


SURE = frozenset({IdStanding.GIVEN, IdStanding.CONFIRMED, IdStanding.MANUAL})
"""Standings by which a series has an id."""


class IdSource(StrEnum):
    """Who said an external id."""

    FEED = "feed"
    PAGE = "page"
    FILE = "file"  #: an NFO or a folder's name that was adopted
    SEARCH = "search"
    USER = "user"


class Happens(StrEnum):
    """What people can be told of."""

    FILED = "filed"  #: episodes are in the library
    HELD = "held"  #: a file was left alone, with a reason
    RESYNC_DONE = "resync_done"  #: all files of a cause are where they belong, or held
    BRAKED = "braked"  #: a cause waits for a person
    DOWNLOAD_FAILED = "download_failed"  #: given up
    DRIFT = "drift"  #: a check found differences between records and disk
    NEIGHBOUR_AWAY = "neighbour_away"  #: a program or site does not answer
    NEIGHBOUR_BACK = "neighbour_back"  #: it answers again


class NoticeState(StrEnum):
    """How far a happening has got on its way to one target."""

    WAITING = "waiting"
    SENDING = "sending"  #: recorded before the request
    SENT = "sent"  #: the receiver said yes
    UNKNOWN = "unknown"  #: Seiton ended in the middle of the request: it is not said twice
    GIVEN_UP = "given_up"  #: too old, or too many
