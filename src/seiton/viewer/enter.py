"""First sync: bring a finished download into the library, and take that back."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable

from seiton.adapters import files
from seiton.adapters.files import FileOutcome, Identity, LinkMode, Ways
from seiton.viewer.journal import Step
from seiton.viewer.sameness import is_copy, is_ours
from seiton.viewer.service import Profile

Evidence = Callable[[Step, Identity, str | None], None]
"""Records durably what a staged copy is (and its xxh3_128, where it was read) before it gets its name."""


class Entrance:
    """The ways in that ``profile`` allows. A copy is on record before anybody can see it."""

    def __init__(self, profile: Profile, ways: Ways, evidence: Evidence) -> None:
        self._profile, self._ways, self._evidence = profile, ways, evidence

    def enter(self, step: Step, target: bytes) -> None:
        """Bring ``step.source`` to the free name ``target``, or find it there from before a crash.

        Only the link mode MOVE removes the source. The folder is not flushed. Raises TargetTaken, CannotLink
        or another ``FileOutcome``.
        """
        source, ours, mode = _source(step), _known(step), self._profile.link_mode
        there = files.identify(target)
        if there is not None and is_ours(ours, there, self._ways):
            if mode is LinkMode.MOVE:
                self._remove_source(step, source, target)
            return
        if self._publish_staged(step, target):
            if mode is LinkMode.MOVE:
                self._remove_source(step, source, target)
            return
        if there is not None:
            raise files.TargetTaken(errno.EEXIST, target)
        if mode is LinkMode.MOVE:
            self._move(step, source, target)
            return
        if mode in (LinkMode.AUTO, LinkMode.HARDLINK):
            try:
                self._link(step, source, target)
                return
            except files.CannotLink:
                if mode is LinkMode.HARDLINK:
                    raise
        if mode is not LinkMode.COPY:
            try:
                self._copy(step, source, target, reflink_only=True)
                return
            except files.CannotLink:
                if mode is LinkMode.REFLINK or not self._profile.allow_copy:
                    raise
        self._copy(step, source, target)

    def leave(self, step: Step, target: bytes) -> None:
        """Take an ``enter`` back: the name ``target`` goes, but only if the download has equal content.

        Where the download was moved (or copied from another file system and removed), it is moved back.
        Nothing at ``target`` is as good.
        """
        source = _source(step)
        held = files.set_aside_at(files.retire_path(target, step.token))
        found = files.identify(held or target)
        if found is None:
            return
        if files.identify(source) is not None:
            files.retire(target, step=step.token, ours=found, survivor=source, ways=self._ways)
        elif is_ours(_known(step), found, self._ways) or is_copy(_known(step), found):
            files.move(target, source, step=step.token, ours=found, ways=self._ways)
        else:
            raise files.NotOurs(errno.EEXIST, target)

    def _link(self, step: Step, source: bytes, target: bytes) -> None:
        files.place(
            source,
            target,
            step=step.token,
            mode=LinkMode.HARDLINK,
            allow_copy=False,
            reserve_bytes=self._profile.reserve_bytes,
            ways=self._ways,
        )

    def _copy(self, step: Step, source: bytes, target: bytes, *, reflink_only: bool = False) -> None:
        staged = files.stage_copy(
            source,
            os.path.dirname(target),
            step=step.token,
            reserve_bytes=self._profile.reserve_bytes,
            reflink_only=reflink_only,
        )
        self._evidence(step, staged.identity, staged.digest)
        self._publish(staged.temp, target, staged.identity)

    def _publish_staged(self, step: Step, target: bytes) -> bool:
        """Publish the copy that a crash left under its temp name, if it is whole: then it is on record."""
        temp = files.temp_path(os.path.dirname(target), step.token)
        found = files.identify(temp)
        if found is None or not found.same_file(_known(step)):
            return False
        files.flush(os.path.dirname(target), files=[temp])
        self._publish(temp, target, found)
        return True

    def _publish(self, temp: bytes, target: bytes, ours: Identity) -> None:
        try:
            files.publish(temp, target, ours=ours, ways=self._ways)
        except files.TargetTaken:
            # Where only copying is possible, the crash may have come between the copy and this unlink.
            copied = not (self._ways.no_replace or self._ways.hard_link)
            is_done = copied and files.hash_file(temp) == files.hash_file(target)
            files.unlink_own(temp)
            if not is_done:
                raise
        except FileOutcome:
            with contextlib.suppress(FileOutcome):
                files.unlink_own(temp)
            raise

    def _move(self, step: Step, source: bytes, target: bytes) -> None:
        found = files.identify(source)
        if found is None:
            raise files.SourceGone(errno.ENOENT, source)
        if os.lstat(source).st_dev == os.stat(os.path.dirname(target)).st_dev:
            files.move(source, target, step=step.token, ours=found, ways=self._ways)
            return
        self._copy(step, source, target)
        self._remove_source(step, source, target)

    def _remove_source(self, step: Step, source: bytes, target: bytes) -> None:
        """Remove the download once its copy in the library is on the disk; ``retire`` compares them."""
        held = files.set_aside_at(files.retire_path(source, step.token))
        found = files.identify(held or source)
        if found is None:
            return
        files.flush(os.path.dirname(target), folders=[os.path.dirname(target)])
        files.retire(source, step=step.token, ours=found, survivor=target, ways=self._ways)


def _source(step: Step) -> bytes:
    if step.source is None:
        raise ValueError(f"step {step.step_id} enters from nowhere")
    return step.source


def _known(step: Step) -> Identity:
    if step.identity is None:
        raise ValueError(f"step {step.step_id} is without evidence of its file")
    return step.identity
