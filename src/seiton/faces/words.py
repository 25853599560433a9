"""The status words of the API as people say them."""

from __future__ import annotations

from seiton.text import _

N_ = str  # marks a text for the catalogues; it is translated when it is shown

WORDS = {
    "pending": N_("pending"),
    "parsed": N_("parsed"),
    "no_match": N_("no parser matches"),
    "failed": N_("failed"),
    "skipped": N_("set aside"),
    "downloading": N_("downloading"),
    "completed": N_("downloaded"),
    "syncing": N_("being filed"),
    "synced": N_("in the library"),
    "resyncing": N_("being moved"),
    "sync_failed": N_("not filed"),
    "cancelled": N_("cancelled"),
    "downloader_error": N_("client not reached"),
    "no_downloader": N_("nobody can fetch it"),
    "batch_unmatched": N_("not found in the torrent"),
    "batch_failed": N_("not in the torrent"),
    "running": N_("running"),
    "waiting": N_("waiting for you"),
    "done": N_("done"),
    "superseded": N_("taken over by a later one"),
    "moved": N_("moved"),
    "unchanged": N_("unchanged"),
    "held": N_("held"),
    "queued": N_("queued"),
    "retrying": N_("to be tried again"),
    "removed_download": N_("episode removed"),
    "removed_series": N_("series removed"),
    "removed_anime": N_("anime removed"),
    "removed_subtitle_group": N_("subtitle group removed"),
    "removed_subscription": N_("subscription removed"),
    "adopted": N_("existing files adopted"),
    "planned": N_("waiting for you"),
    "confirmed": N_("being recorded"),
    "restored": N_("restored from the trash"),
    "parser_created": N_("parser created"),
    "parser_updated": N_("parser edited"),
    "parser_deleted": N_("parser deleted"),
    "naming_updated": N_("naming template edited"),
    "builtin_rules_updated": N_("built-in parsers updated"),
    "builtin_taken": N_("update of the built-in parsers taken"),
    "builtin": N_("built in"),
    "user": N_("yours"),
    "filter_created": N_("filter rule created"),
    "filter_updated": N_("filter rule edited"),
    "filter_deleted": N_("filter rule deleted"),
    "policy_changed": N_("library policy changed"),
    "pin_set": N_("set by hand"),
    "pin_removed": N_("not set by hand any more"),
    "metadata_updated": N_("new facts about a work"),
    "metadata_removed": N_("facts about a work taken away"),
    "metadata_held": N_("facts as they were before"),
    "metadata_released": N_("facts as they are known now"),
    "metadata_titles": N_("languages of titles changed"),
    "identity_merged": N_("two titles made one series"),
    "resync": N_("resync"),
    "download": N_("download"),
    "seek": N_("looking for what has aired"),
    "rejected": N_("rejected"),
    "rule": N_("your own edits"),
    "metadata": N_("new metadata"),
    "identity": N_("works that turn out to be one"),
    "builtin_rules": N_("rules that an update of Seiton brings"),
    "templates": N_("file names that an update of Seiton changes"),
    "automatic": N_("files follow by themselves"),
    "ask": N_("a file that would move waits for you"),
    "groups": N_("several groups, none preferred"),
    "variants": N_("several releases of one group"),
    "global": N_("everything"),
    "anime": N_("anime"),
    "anime_series": N_("series"),
    "subtitle_group": N_("subtitle group"),
    "fetcher": N_("fetcher"),
    "subscription": N_("subscription"),
    "role_admin": N_("may change everything"),
    "role_viewer": N_("may look"),
    "scope_read": N_("ask"),
    "scope_write": N_("ask and change"),
    "scope_module": N_("do what modules do"),
}

HAPPENS = {
    "filed": N_("filed in the library"),
    "held": N_("left alone"),
    "resync_done": N_("an edit is followed"),
    "braked": N_("an edit waits for you"),
    "download_failed": N_("download given up"),
    "drift": N_("library differs"),
    "neighbour_away": N_("neighbour away"),
    "neighbour_back": N_("neighbour back"),
}
"""Words for ``domain.states.Happens``."""

NOTICES = {
    "waiting": N_("waits to be sent"),
    "sending": N_("being sent"),
    "sent": N_("sent"),
    "unknown": N_("perhaps not arrived"),
    "given_up": N_("given up"),
}
"""Words for ``domain.states.NoticeState``."""

HOLDS = {
    "target_owned": N_("another file of yours lies there and stays"),
    "target_foreign": N_("a file that is not Seiton's lies there"),
    "waiting": N_("the file that lies there cannot leave yet"),
    "two_claims": N_("two files want the same name"),
    "source_missing": N_("the file is not where it was left"),
    "source_changed": N_("another file lies where it was left"),
    "changed_since": N_("somebody changed it since, so it is left as it is"),
    "name_impossible": N_("no file name can be made from its metadata"),
    "no_link": N_("links are impossible between the folders, and copying is not allowed"),
    "no_space": N_("there is not enough space for a copy"),
    "filesystem_unsafe": N_("this file system cannot rename without overwriting"),
    "filesystem_error": N_("the file system refused"),
    "library_away": N_("the library is not mounted"),
    "outside_root": N_("the file is not below the download folder"),
    "no_movies_root": N_("a film, and no folder is named for films"),
    "no_video": N_("no video in the download is this episode"),
    "nfo_unreadable": N_("the NFO beside it cannot be read, so it is not replaced"),
    "braked": N_("many files at once: confirm first"),
    "gave_up": N_("given up after 14 days"),
    "stalled": N_("the transfer stood still for days"),
    "no_removal": N_("its viewer cannot remove files: remove them there"),
    "no_preview": N_("its viewer cannot say beforehand what it will do"),
}
"""Sentences for ``domain.states.HoldReason``."""

LEFT = {
    "extra": N_("an opening, a trailer, a menu or a sample"),
    "movie": N_("a film: existing films stay as they lie; only new ones are filed by Seiton"),
    "no_title": N_("nothing says of which work it is"),
    "no_episode": N_("nothing says which episode it is"),
    "several_episodes": N_("one file with several episodes"),
    "season_unclear": N_("file and folder name different seasons"),
    "unreadable_name": N_("a name in an unknown encoding"),
    "duplicate": N_("another file of this episode is preferred"),
    "undecided": N_("several files are this episode, and nothing says which is better"),
    "same_file": N_("another name of a file that is adopted"),
    "already_kept": N_("Seiton has this file already"),
    "episode_kept": N_("Seiton has this episode already, or is fetching it"),
    "name_impossible": N_("no file name can be made from what it is"),
    "source_is_link": N_("a symbolic link"),
}
"""Sentences for ``domain.adopting.WhyLeft``."""


CHOICES = {
    "confirm": N_("Let it go on."),
    "reject": N_("Take the edit back: nothing of it has happened yet."),
    "retry": N_("Try again now."),
    "pin_episode": N_("It is another episode: say which."),
    "pin_title": N_("It is called otherwise: say how."),
    "remove": N_("It is not wanted: put it into the trash."),
    "cancel": N_("Do not fetch it."),
    "restore": N_("Keep it after all."),
}
"""Sentences for ``domain.hold_choices.HoldChoice``."""

RETRIES = {
    "target_foreign": N_("Move the other file away or rename it, then try again."),
    "source_missing": N_("Put the file back to where it was, then try again."),
    "source_changed": N_("Put the file back to where it was, then try again."),
    "no_link": N_("Put library and downloads on one disk, or allow copying (allow_copy), then try again."),
    "no_movies_root": N_("Name a folder for films in the settings (movies_root) and start again."),
    "no_space": N_("Make room on the disk of the library, then try again."),
    "library_away": N_("Mount the library, then try again."),
    "nfo_unreadable": N_("Repair the NFO or move it away, then try again."),
    "filesystem_error": N_("See to the folder (permissions, read-only), then try again."),
}
"""What to do before trying again, by the reason of the hold."""


def hold_choice(code: str, reason: str) -> str:
    """Return what a person can do about a hold."""
    return _(RETRIES[reason]) if code == "retry" and reason in RETRIES else _(CHOICES[code])


def notice(state: str) -> str:
    """Return how far a notice is, in the language of the reader."""
    return _(NOTICES[state])


def word(code: str) -> str:
    """Return a status word, a cause or an outcome in the reader's language; unknown ones as they are."""
    return _(WORDS[code]) if code in WORDS else code


def left(reason: str, detail: str | None = None) -> str:
    """Return why adoption leaves a file alone."""
    sentence = _(LEFT[reason]) if reason in LEFT else reason
    return f"{sentence} ({detail})" if detail else sentence


def hold(reason: str | None, detail: str | None = None) -> str:
    """Return why a file was left alone."""
    if reason is None:
        return ""
    sentence = _(HOLDS[reason]) if reason in HOLDS else reason
    return f"{sentence} ({detail})" if detail else sentence


DRIFTS = {
    "missing": N_("missing"),
    "moved_by_hand": N_("moved by hand"),
    "replaced": N_("another file lies in its place"),
    "stale_record": N_("the record is out of date"),
    "edited_nfo": N_("the NFO was edited"),
    "missing_nfo": N_("the NFO is gone"),
    "orphaned_sidecar": N_("its video is not there"),
    "leftover": N_("left over from a step"),
    "foreign": N_("not Seiton's"),
    "unreadable": N_("cannot be looked at"),
    "library_away": N_("the library is not mounted"),
}
"""Words for ``domain.drift.DriftKind``."""

MENDINGS = {
    "nothing": N_("stays as it is"),
    "put_back": N_("is moved back"),
    "record_place": N_("is recorded where it lies, then sorted in"),
    "record_missing": N_("is recorded as missing"),
    "record_again": N_("is recorded again"),
    "forget": N_("the record is dropped"),
    "join": N_("is renamed to follow its video"),
    "write_nfo": N_("is written again"),
    "rewrite_nfo": N_("stays, or is renewed with --rewrite-nfo"),
    "discard": N_("is removed"),
}
"""Words for ``domain.drift.Mending``."""


def drift(kind: str) -> str:
    """Return what a check found."""
    return _(DRIFTS[kind]) if kind in DRIFTS else kind


def mending(what: str) -> str:
    """Return what a repair does about it."""
    return _(MENDINGS[what]) if what in MENDINGS else what


def mishap(outcome: str) -> str:
    """Return why a repair left something as it is."""
    return _("it has changed since") if outcome == "changed" else _("there is no way to mend it")
