"""Apply recorded steps: look, then act, one step at a time. The disk decides, not memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seiton.adapters import files
from seiton.adapters.files import Identity, LibraryRoot
from seiton.domain.moves import Action, Seen, next_action
from seiton.domain.states import HoldReason
from seiton.viewer.gather import is_same_object
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.service import Profile

Evidence = Callable[[Step, Identity, str | None], None]
"""Records what a staged copy is, durably, before it gets its name."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that could not be done; nothing was changed by it."""

    step: Step
    reason: HoldReason
    detail: str


class Applier:
    """Runs the steps of one chunk, also those that a killed process may have done already."""

    def __init__(
        self,
        library: LibraryRoot,
        profile: Profile,
        contents: Mapping[str, bytes],
        evidence: Evidence,
    ) -> None:
        self._library = library
        self._root = library.root
        self._profile = profile
        self._contents = contents
        self._evidence = evidence
        self._later: dict[tuple[int, int | None], list[bytes]] = {}
        self.folders: set[bytes] = set()

    def prepare(self, steps: Sequence[Step], *, recovering: bool) -> None:
        """Note where files go later in this chunk: after a crash a file may be further on than its step."""
        if not recovering:
            return
        for step in steps:
            if step.kind is StepKind.MOVE and step.identity is not None:
                key = (step.identity.inode, step.identity.birth_ns)
                self._later.setdefault(key, []).append(step.target)

    def run(self, step: Step) -> Failure | None:
        """Do one step, or find it done. Returns why not, as a value."""
        try:
            return _DO[step.kind](self, step)
        except files.TargetTaken:
            return Failure(step, HoldReason.TARGET_FOREIGN, os.fsdecode(step.target))
        except files.SourceGone:
            return Failure(step, HoldReason.SOURCE_MISSING, os.fsdecode(step.source or step.target))
        except (files.NotOurs, files.SourceChanged):
            return Failure(step, HoldReason.SOURCE_CHANGED, os.fsdecode(step.source or step.target))
        except files.UnsafeFilesystem as error:
            return Failure(step, HoldReason.FILESYSTEM_UNSAFE, str(error))
        except files.CannotLink as error:
            return Failure(step, HoldReason.NO_LINK, str(error))
        except files.NoSpace as error:
            return Failure(step, HoldReason.NO_SPACE, str(error))
        except files.NameTooLong as error:
            return Failure(step, HoldReason.NAME_IMPOSSIBLE, str(error))
        except files.FileOutcome as error:
            return Failure(step, HoldReason.FILESYSTEM_ERROR, str(error))

    def _path(self, relative: bytes) -> bytes:
        return self._root + b"/" + relative

    def _look(self, path: bytes, ours: Identity | None) -> Seen:
        found = files.identify(path)
        if found is None:
            return Seen.ABSENT
        return Seen.OURS if ours is not None and is_same_object(ours, found) else Seen.OTHER

    def _folder(self, step: Step) -> Failure | None:
        files.make_folders(self._root, step.target)
        self.folders.add(os.path.dirname(self._path(step.target)))
        return None

    def _move(self, step: Step) -> Failure | None:
        source, target = self._path(step.source or b""), self._path(step.target)
        seen = self._look(source, step.identity)
        if seen is Seen.OURS:
            try:
                files.move(source, target, step=step.token, ours=_known(step), ways=self._library.ways)
            except files.TargetTaken:
                if next_action(seen, self._look(target, step.identity)) is not Action.FINISH:
                    raise
                files.retire(source, step=step.token, ours=_known(step), survivor=target)
            self.folders |= {os.path.dirname(source), os.path.dirname(target)}
            return None
        action = next_action(seen, self._look(target, step.identity))
        if action is Action.RECORD or self._went_on(step):
            self.folders |= {os.path.dirname(source), os.path.dirname(target)}
            return None
        if action is Action.HOLD_TAKEN:
            return Failure(step, HoldReason.TARGET_FOREIGN, os.fsdecode(step.target))
        missing = action is Action.HOLD_MISSING
        reason = HoldReason.SOURCE_MISSING if missing else HoldReason.SOURCE_CHANGED
        return Failure(step, reason, os.fsdecode(step.source or b""))

    def _went_on(self, step: Step) -> bool:
        """Say whether the file is at a later target of this chunk already."""
        if step.identity is None:
            return False
        later = self._later.get((step.identity.inode, step.identity.birth_ns), ())
        return any(self._look(self._path(path), step.identity) is Seen.OURS for path in later)

    def _enter(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        if step.source is None:
            raise ValueError("a file enters from somewhere")
        mode = self._profile.link_mode
        ours = step.identity
        if self._look(target, ours) is Seen.OURS:  # linked before a crash, or copied and recorded
            self.folders.add(os.path.dirname(target))
            return None
        self.folders.add(os.path.dirname(target))
        if mode is files.LinkMode.COPY:
            self._enter_copy(step, target)
            return None
        try:
            files.place(
                step.source,
                target,
                step=step.token,
                mode=mode,
                allow_copy=False,
                reserve_bytes=self._profile.reserve_bytes,
                ways=self._library.ways,
            )
        except files.CannotLink:
            if not (self._profile.allow_copy and mode is files.LinkMode.AUTO):
                raise
            self._enter_copy(step, target)
        return None

    def _enter_copy(self, step: Step, target: bytes) -> None:
        staged = files.stage_copy(
            step.source or b"",
            os.path.dirname(target),
            step=step.token,
            reserve_bytes=self._profile.reserve_bytes,
        )
        self._evidence(step, staged.identity, staged.digest)
        files.publish(staged.temp, target, ours=staged.identity, ways=self._library.ways)

    def _write(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        files.write_new(target, self._contents[step.after_digest or ""], step=step.token)
        self.folders.add(os.path.dirname(target))
        return None

    def _rewrite(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        there = files.read_small(target)
        self.folders.add(os.path.dirname(target))
        if there is not None and files.digest_of(there) == step.after_digest:
            return None
        content = self._contents[step.after_digest or ""]
        if files.replace_generated(target, content, step=step.token, before_digest=step.before_digest or ""):
            return None
        return Failure(step, HoldReason.SOURCE_CHANGED, os.fsdecode(step.target))

    def _drop(self, step: Step) -> Failure | None:
        target = self._path(step.target)
        # Absent: done before. Other content: somebody wrote there since; it stays.
        files.retire_generated(target, step=step.token, digest=step.before_digest or "")
        self.folders.add(os.path.dirname(target))
        return None

    def _prune(self, step: Step) -> Failure | None:
        if files.remove_empty_folder(self._path(step.target)):
            self.folders.discard(self._path(step.target))
            self.folders.add(os.path.dirname(self._path(step.target)))
        return None

    def flush(self) -> None:
        """Make everything that was done durable."""
        present = [folder for folder in self.folders if os.path.isdir(folder)]
        files.flush(self._root, folders=present)


def _known(step: Step) -> Identity:
    if step.identity is None:
        raise ValueError(f"step {step.step_id} moves a file without evidence of what it is")
    return step.identity


_DO: dict[StepKind, Callable[[Applier, Step], Failure | None]] = {
    StepKind.FOLDER: Applier._folder,
    StepKind.MOVE: Applier._move,
    StepKind.ENTER: Applier._enter,
    StepKind.WRITE: Applier._write,
    StepKind.REWRITE: Applier._rewrite,
    StepKind.DROP: Applier._drop,
    StepKind.PRUNE: Applier._prune,
}
