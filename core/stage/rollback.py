"""Taking a transaction back from its journal, at once after a failure or at the next start after a crash."""

import os
from contextlib import suppress

from core.stage import progress
from core.stage.change import NotRegular, OutsideStage
from core.stage.journal import Journals, Plan, State, Step
from core.stage.location import parent_of
from core.stage.plan import ancestors
from core.stage.target import Found, Like, Odd, agrees, is_torn, look, write_beside, write_through
from core.stage.transaction import make, prune, sync_folders


class Rollback:
    """Puts the old tree back; what someone else wrote since stays as it is."""

    def __init__(self, plan: Plan, journals: Journals) -> None:
        self._plan = plan
        self._journals = journals
        self._project = plan.project
        self.kept: list[str] = []
        """Places that the user changed after the crash, and that were left alone."""

    def run(self) -> None:
        """Restore every path.

        Raises:
            OSError: something cannot be restored now; the journal stays and it can be tried again.
        """
        self._remove_temporaries()
        steps = list(enumerate(self._plan.steps))
        for _, step in steps:
            if step.old is None:
                self._remove(step)
        prune(self._project, reversed(self._plan.make))
        make(self._project, dict(reversed(self._plan.prune.items())))
        for number, step in steps:
            if step.old is not None:
                self._restore(number, step, step.old)
        sync_folders(self._project, self._plan)

    def _remove_temporaries(self) -> None:
        for number, step in enumerate(self._plan.steps):
            for folder, suffix in ((step.folder, "tmp"), (step.place.rpartition("/")[0], "old")):
                name = self._plan.temporary(number, suffix)
                place = f"{folder}/{name}" if folder else name
                if os.path.lexists(f"{self._project}/{place}"):
                    with suppress(FileNotFoundError, NotRegular, OutsideStage):
                        self._unlink(place)

    def _unlink(self, place: str) -> None:
        with parent_of(self._project, place) as (folder, name):
            progress.step(f"unlink {place}")
            os.unlink(name, dir_fd=folder)

    def _look(self, step: Step) -> Found | None:
        """What is there; raises Odd."""
        return look(self._project, step.place)

    def _remove(self, step: Step) -> None:
        try:
            found = self._look(step)
        except Odd:
            if not self._was_odd(step):
                self._keep(step)
            return
        if found is None:
            return
        if agrees(found, step.new):
            self._unlink(step.place)
        else:
            self._keep(step)

    def _was_odd(self, step: Step) -> bool:
        """True when a folder was at the place, or a file or link where it has a folder now."""
        leaving = {one.place for one in self._plan.steps if one.new is None}
        return step.place in self._plan.prune or any(folder in leaving for folder in ancestors(step.place))

    def _keep(self, step: Step) -> None:
        self.kept.append(step.place)

    def _restore(self, number: int, step: Step, old: State) -> None:
        try:
            found = self._look(step)
        except Odd:
            self._keep(step)
            return
        if agrees(found, old):
            self._restore_mode(step, found, old)
        elif agrees(found, step.new) or self._is_torn(step, found, old):
            self._write(number, step, found, old)
        else:
            self._keep(step)

    def _restore_mode(self, step: Step, found: Found | None, old: State) -> None:
        if found is None or old.mode is None or step.new is None or found.mode in (old.mode, None):
            return
        if found.mode == step.new.mode:
            with parent_of(self._project, step.place) as (folder, name):
                progress.step(f"restore mode of {step.place}")
                os.chmod(name, old.mode, dir_fd=folder)

    def _is_torn(self, step: Step, found: Found | None, old: State) -> bool:
        if not step.in_place or step.new is None or step.new.start is None:
            return False
        before, after = (self._journals.load_bytes(self._plan.id, state) for state in (old, step.new))
        return is_torn(found, before, after)

    def _write(self, number: int, step: Step, found: Found | None, old: State) -> None:
        data = self._journals.load_bytes(self._plan.id, old)
        with parent_of(self._project, step.place) as (folder, name):
            if step.in_place:
                write_through(folder, name, data, old.mode)
                return
            temporary = self._plan.temporary(number, "old")
            progress.step(f"prepare old {step.place}")
            if old.kind == "link":
                os.symlink(data, temporary, dir_fd=folder)
            else:
                like = Like(self._project, step.place, found.info) if found and found.kind == "file" else None
                write_beside(folder, temporary, data, old.mode, executable=False, like=like)
            progress.step(f"restore {step.place}")
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
