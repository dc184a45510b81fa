"""Bedrock without AWS: a loopback endpoint that plays scripts, and a sample project to play them on."""

from agents.rehearsal.sample_project import copy_sample
from agents.rehearsal.script import Script, ScriptError, load_script, shipped_scripts
from agents.rehearsal.server import HeardCall, Rehearsal

__all__ = [
    "HeardCall",
    "Rehearsal",
    "Script",
    "ScriptError",
    "copy_sample",
    "load_script",
    "shipped_scripts",
]
