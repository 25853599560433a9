"""Apply recorded steps: look, then act, one step at a time. The disk decides, not memory."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from seiton.adapters import files
from seiton.adapters.files import FileOutcome, Identity, LibraryRoot
from seiton.domain.moves import Action, Seen, next_action
from seiton.domain.naming import display
from seiton.domain.states import HoldReason
from seiton.viewer.enter import Entrance, Evidence
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.sameness import is_copy, is_ours
from seiton.viewer.service import Profile

_REASONS: tuple[tuple[type[FileOutcome], HoldReason], ...] = (
    (files.TargetTaken, HoldReason.TARGET_FOREIGN),
    (files.SourceGone, HoldReason.SOURCE_MISSING),
    (files.NotOurs, HoldReason.SOURCE_CHANGED),
    (files.SourceChanged, HoldReason.SOURCE_CHANGED),
    (files.UnsafeFilesystem, HoldReason.FILESYSTEM_UNSAFE),
    (files.CannotLink, HoldReason.NO_LINK),
    (files.NoSpace, HoldReason.NO_SPACE),
    (files.NameTooLong, HoldReason.NAME_IMPOSSIBLE),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that could not be done; nothing was changed by it."""

    step: Step
    reason: HoldReason
    detail: str


class Applier:
    """Runs the steps of one chunk; ``recovering``: a killed process may have done some of them already.

    ``contents`` are those of generated files, by digest.
    """

    def __init__(
        self,
        library: LibraryRoot,
        profile: Profile,
        contents: Mapping[str, bytes],
        evidence: Evidence,
        *,
        recovering: bool = False,
    ) -> None:
        self._library, self._root, self._ways = library, library.root, library.ways
        self._contents = contents
        self._evidence = evidence
        self._entrance = Entrance(profile, library.ways, self._note_copy)
        self._recovering = recovering
        self._files_of: dict[int, list[Step]] = {}
        self._moves: dict[tuple[int, int | None], list[Step]] = {}
        self._staged: dict[int, bytes] = {}
        self._cannot_stage: dict[int, Failure] = {}
        self._touched: set[bytes] = set()
        self._unflushed: list[bytes] = []
        self.found: set[int] = set()
        """FOLDER steps whose folder somebody else had made meanwhile."""
        self.made: list[bytes] = []
        """Folders that were made, also those above the one that a step is about."""
        self.digests: dict[int, str] = {}
        """xxh3_128 of what was copied, by step id."""

    def prepare(self, steps: Sequence[Step]) -> None:
        """Write what ``steps`` will put in place under disposable names and flush it, in one go.

        So a power cut never leaves an empty file under a proper name. Folders are there already.
        """
        for step in steps:
            if self._recovering and step.identity is not None:
                key = (step.identity.inode, step.identity.birth_ns)
                self._moves.setdefault(key, []).append(step)
                if step.unit_id is not None:
                    self._files_of.setdefault(step.unit_id, []).append(step)
            if step.kind in (StepKind.WRITE, StepKind.REWRITE):
                failure = self._guarded(step, self._stage)
                if failure is not None:
                    self._cannot_stage[step.step_id] = failure
        if self._staged:
            files.flush(self._root, files=list(self._staged.values()))

    def _stage(self, step: Step) -> Failure | None:
        if self._recovering:
            there = self._digest_at(self._path(step.target))
            done_or_edited = step.kind is StepKind.REWRITE and there != step.before_digest
            if there == step.after_digest or done_or_edited:
                return None  # the temp, if there is one, is not ours to write over
        folder = files.folder_of(self._path(step.target))
        self._staged[step.step_id] = files.stage(folder, self._content(step), step=step.token)
        return None

    def run(self, step: Step) -> Failure | None:
        """Do one step, or find it done. Returns why not, as a value."""
        return self._cannot_stage.get(step.step_id) or self._guarded(step, _DO[step.kind].__get__(self))

    def _guarded(self, step: Step, act: Callable[[Step], Failure | None]) -> Failure | None:
        try:
            return act(step)
        except FileOutcome as error:
            for kind, reason in _REASONS:
                if isinstance(error, kind):
                    return Failure(step, reason, _detail(step, error))
            return Failure(step, HoldReason.FILESYSTEM_ERROR, str(error))

    def is_half_done(self, step: Step) -> bool:
        """Say whether a crash left the file of ``step`` set aside, so that only this step can resolve it."""
        if step.kind is StepKind.MOVE and step.source is not None:
            source = self._path(step.source)
            return self._parked(step, source) or self._retiring(step, source)
        retires = step.kind in {StepKind.DROP, StepKind.LEAVE, StepKind.ERASE}
        return retires and self._retiring(step, self._path(step.target))

    def discard(self, steps: Iterable[Step]) -> None:
        """Remove the disposable files of ``steps``. After a crash there may be some for every step."""
        for step in steps:
            if not (self._recovering or step.step_id in self._staged):
                continue
            for path in {self._path(step.target), self._path(step.source or step.target)}:
                temp = files.temp_path(os.path.dirname(path), step.token)
                with contextlib.suppress(FileOutcome):
                    if step.kind is not StepKind.REWRITE or self._is_disposable(step, temp):
                        files.unlink_own(temp)

    def flush(self) -> None:
        """Make everything that was done durable. Raises a ``FileOutcome`` or ``LibraryAway``: nothing counts
        as done then.
        """
        present = [folder for folder in self._touched if os.path.isdir(folder)]
        written = [path for path in self._unflushed if os.path.lexists(path)]
        files.flush(self._root, files=written, folders=present)
        if self._library.movies is not None:
            self._library.check()  # of two folders one can go without anything failing in the other

    def _path(self, relative: bytes) -> bytes:
        return relative if relative.startswith(b"/") else self._library.at(relative)

    def _touch(self, *paths: bytes) -> None:
        self._touched.update(map(files.folder_of, paths))

    def _content(self, step: Step) -> bytes:
        return self._contents[step.after_digest or ""]

    def _look(self, path: bytes, ours: Identity) -> Seen:
        found = files.identify(path)
        if found is None:
            return Seen.ABSENT
        return Seen.OURS if is_ours(ours, found, self._ways) else Seen.OTHER

    def _folder(self, step: Step) -> Failure | None:
        self._library.make_folders(step.target, made=self.made)
        if step.target not in self.made and not self._recovering:
            self.found.add(step.step_id)
        self._touch(self._path(step.target))
        return None

    def _move(self, step: Step) -> Failure | None:
        source, target, ours = self._path(step.source or b""), self._path(step.target), _known(step)
        self._touch(source, target)
        if self._recovering:
            self._finish_half(step, source, target, ours)
        at_source = self._look(source, ours)
        action = next_action(at_source, self._look(target, ours))
        if action is Action.MOVE:
            files.move(source, target, step=step.token, ours=self._as_it_lies(source, ours), ways=self._ways)
            return None
        if action is Action.RECORD or (self._recovering and self._has_gone_on(step, ours)):
            return None
        is_copied = self._recovering and _is_copied(source, target, ours)
        if is_copied and at_source is not Seen.OURS:
            return None
        if is_copied or action is Action.FINISH:
            found = files.identify(source) or ours
            files.retire(source, step=step.token, ours=found, survivor=target, ways=self._ways)
            return None
        if action is Action.HOLD_TAKEN:
            return Failure(step, HoldReason.TARGET_FOREIGN, display(step.target))
        missing = action is Action.HOLD_MISSING
        reason = HoldReason.SOURCE_MISSING if missing else HoldReason.SOURCE_CHANGED
        return Failure(step, reason, display(step.source or b""))

    def _as_it_lies(self, source: bytes, ours: Identity) -> Identity:
        """Return what the file at ``source`` is: on its way back from another file system it is a copy."""
        found = files.identify(source) if self._ways.spans else None
        return found if found is not None and is_ours(ours, found, self._ways) else ours

    def _finish_half(self, step: Step, source: bytes, target: bytes, ours: Identity) -> None:
        if self._parked(step, source):
            files.move(source, target, step=step.token, ours=ours, ways=self._ways)
        elif self._retiring(step, source):
            held = files.identify(files.set_aside_at(files.retire_path(source, step.token)) or source)
            files.retire(source, step=step.token, ours=held or ours, survivor=target, ways=self._ways)

    def _has_gone_on(self, step: Step, ours: Identity) -> bool:
        """Say whether the disk is as later steps of this chunk leave it behind an earlier one.

        The file may have gone on from its target, or another name of it may have come to its source.
        """
        for later in self._moves.get((ours.inode, ours.birth_ns), ()):
            if later.step_id > step.step_id and self._look(self._path(later.target), ours) is Seen.OURS:
                return True
        return False

    def _enter(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        self._touch(target)
        self._entrance.enter(step, target)
        return None

    def _note_copy(self, step: Step, identity: Identity, digest: str | None) -> None:
        if digest is not None:
            self.digests[step.step_id] = digest
        self._evidence(step, identity, digest)

    def _leave(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        self._touch(target, step.source or target)
        self._entrance.leave(step, target)
        return None

    def _write(self, step: Step) -> Failure | None:
        target, content = self._path(step.target), self._content(step)
        self._touch(target)
        temp = self._staged.pop(step.step_id, None)
        try:
            if temp is not None:
                files.put_staged(temp, target, content, ways=self._ways)
            else:
                files.write_new(target, content, step=step.token, ways=self._ways)
                self._unflushed.append(target)
        except files.TargetTaken:
            is_there = self._digest_at(target) == step.after_digest
            if not is_there and not (self._recovering and self._has_arrived(step)):
                raise
        return None

    def _has_arrived(self, nfo: Step) -> bool:
        """Say whether the video that ``nfo`` describes lies beside it already: then a user edited the NFO."""
        stem = nfo.target.removesuffix(b".nfo")
        of_unit = self._files_of.get(nfo.unit_id, ()) if nfo.unit_id is not None else ()
        there = [step for step in of_unit if step.target.startswith(stem + b".")]
        return bool(there) and self._look(self._path(there[-1].target), _known(there[-1])) is Seen.OURS

    def _rewrite(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        self._touch(target)
        is_staged = self._staged.pop(step.step_id, None) is not None
        if files.replace_generated(
            target,
            self._content(step),
            step=step.token,
            before_digest=step.before_digest or "",
            ways=self._ways,
            is_staged=is_staged,
        ):
            return None
        return Failure(step, HoldReason.SOURCE_CHANGED, display(step.target))

    def _drop(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        self._touch(target)
        # Absent: done before. Other content: somebody wrote there since; it stays.
        files.retire_generated(
            target,
            step=step.token,
            digest=step.before_digest or "",
            ways=self._ways,
            is_fresh=not self._recovering,
        )
        return None

    def _erase(self, step: Step) -> Failure | None:
        target, ours = self._path(step.target), _known(step)
        self._touch(target)
        found = files.identify(files.set_aside_at(files.retire_path(target, step.token)) or target)
        if found is None:
            return None
        if not is_ours(ours, found, self._ways):
            return Failure(step, HoldReason.SOURCE_CHANGED, display(step.target))
        files.retire(target, step=step.token, ours=found, survivor=None, ways=self._ways)
        return None

    def _prune(self, step: Step) -> Failure | None:
        path = self._path(step.target)
        if not files.remove_empty_folder(path) and os.path.lexists(path):
            return Failure(step, HoldReason.TARGET_FOREIGN, display(step.target))
        self._touch(path)
        return None

    def _parked(self, step: Step, source: bytes) -> bool:
        park = files.park_path(source, step.token)
        if step.identity is not None and step.identity.is_dir:
            return files.identify(park) is not None
        return files.set_aside_at(park) is not None

    def _retiring(self, step: Step, path: bytes) -> bool:
        return files.set_aside_at(files.retire_path(path, step.token)) is not None

    def _digest_at(self, path: bytes) -> str | None:
        """Return the digest of a generated file; ``None`` if there is none that could be read."""
        try:
            content = files.read_small(path)
        except FileOutcome:
            return None
        return None if content is None else files.digest_of(content)

    def _is_disposable(self, step: Step, temp: bytes) -> bool:
        """Say whether what an exchange left under its temp name is kept elsewhere: not a user's late edit."""
        content = files.read_small(temp)
        if content is None:
            return False
        known = files.digest_of(content) in {step.before_digest, step.after_digest}
        return known or self._content(step).startswith(content)


def _detail(step: Step, error: FileOutcome) -> str:
    """Name the file where that says enough, else say what the file system said."""
    if isinstance(error, files.TargetTaken):
        return display(step.target)
    if isinstance(error, files.SourceGone | files.SourceChanged | files.NotOurs):
        return display(step.source or step.target)
    return str(error)


def _is_copied(source: bytes, target: bytes, ours: Identity) -> bool:
    """Say whether a file was copied to ``target`` over the border of a file system."""
    found = files.identify(target)
    is_across = _device(os.path.dirname(source)) != _device(os.path.dirname(target))
    return is_across and found is not None and is_copy(ours, found)


def _known(step: Step) -> Identity:
    if step.identity is None:
        raise ValueError(f"step {step.step_id} moves a file without evidence of what it is")
    return step.identity


def _device(folder: bytes) -> int | None:
    try:
        return os.stat(folder).st_dev
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise files.FilesystemError(error.errno or errno.EIO, folder) from error


_DO: dict[StepKind, Callable[[Applier, Step], Failure | None]] = {
    StepKind.FOLDER: Applier._folder,
    StepKind.MOVE: Applier._move,
    StepKind.ENTER: Applier._enter,
    StepKind.LEAVE: Applier._leave,
    StepKind.WRITE: Applier._write,
    StepKind.REWRITE: Applier._rewrite,
    StepKind.DROP: Applier._drop,
    StepKind.PRUNE: Applier._prune,
    StepKind.ERASE: Applier._erase,
}
