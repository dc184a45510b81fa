"""Where a role's prompt comes from: the user's file, the project's after the user trusted it, else the shipped one."""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from agents.roster import Role, Roster, role_names
from agents.trust import Trust
from core.paths import Home
from core.plainfile import read_plain

PROJECT_FOLDER = ".heddle/prompts"
_MOST_BYTES = 100_000

Standing = Literal["used", "yours comes first", "not trusted", "never", "unreadable"]


class ProjectPrompt(msgspec.Struct, frozen=True):
    """A prompt that comes with a project."""

    role: str
    path: Path
    text: str
    standing: Standing
    """Whether it is used, and if not, why."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def project_prompts(roster: Roster, project: Path, home: Home) -> list[ProjectPrompt]:
    """The prompts in a project, whatever the user said of them."""
    found = (_read(roster[role], project / PROJECT_FOLDER / f"{role}.md") for role in role_names())
    return [_judged(prompt, roster, project, home) for prompt in found if prompt is not None]


def _read(role: Role, path: Path) -> ProjectPrompt | None:
    try:
        data = read_plain(path, _MOST_BYTES)
        text = None if data is None else data.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ProjectPrompt(role.name, path, "", "unreadable")
    return ProjectPrompt(role.name, path, text, "not trusted") if text else None


def _judged(prompt: ProjectPrompt, roster: Roster, project: Path, home: Home) -> ProjectPrompt:
    if prompt.standing == "unreadable":
        return prompt
    said = trust(home).said(project, prompt.role, prompt.fingerprint)
    standing: Standing = "not trusted" if said is None else "never"
    if roster[prompt.role].prompt_origin == "user":
        standing = "yours comes first"
    elif said:
        standing = "used"
    return msgspec.structs.replace(prompt, standing=standing)


def trust(home: Home) -> Trust:
    """What the user said of projects' prompts."""
    return Trust(home.state / "prompt-trust.json")


def with_project(roster: Roster, project: Path, home: Home) -> tuple[Roster, list[str]]:
    """The roster as it works on a project, and sentences about prompts of it that are not used."""
    prompts = project_prompts(roster, project, home)
    roles = dict(roster.roles)
    for prompt in prompts:
        if prompt.standing == "used":
            own = {"prompt": prompt.text, "prompt_origin": "project", "prompt_path": str(prompt.path)}
            roles[prompt.role] = msgspec.structs.replace(roles[prompt.role], **own)
    return msgspec.structs.replace(roster, roles=roles), _notes(prompts)


def _notes(prompts: list[ProjectPrompt]) -> list[str]:
    asked = [prompt.role for prompt in prompts if prompt.standing == "not trusted"]
    broken = [str(prompt.path) for prompt in prompts if prompt.standing == "unreadable"]
    notes = [f"{path} is no text that can be read, so it is not used." for path in broken]
    if asked:
        names = ", ".join(asked)
        notes.append(
            f"The project brings prompts of its own for {names}. They are not used, since you have not trusted "
            f"them: read them in {PROJECT_FOLDER}, then `heddle roster trust {' '.join(asked)}`."
        )
    return notes
