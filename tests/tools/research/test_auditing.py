"""Known weaknesses by the ecosystems' own programs: real ones against loopback, and what the others print."""

# ruff: noqa: E501

import json

import pytest

from core.paths import find_home
from tests.support import registries
from tools.packages.auditors import AUDITORS, Skipped
from tools.packages.locks import Locked
from tools.registry import call

WEAK = {
    "id": "PYSEC-2025-1", "aliases": ["CVE-2025-1"], "modified": "2025-01-02T00:00:00Z", "published": "2025-01-01T00:00:00Z",
    "summary": "Adds wrongly", "details": "tiny-add forgets to carry.\nMore.",
    "affected": [{
        "package": {"ecosystem": "PyPI", "name": "tiny-add", "purl": "pkg:pypi/tiny-add"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}],
        "versions": ["1.0.0"],
    }],
}  # fmt: skip


async def test_pip_audit_answers_for_the_versions_of_the_lock_file(
    needs, web, reply, again, project, monkeypatch, user
):
    needs("pip-audit")
    policy = find_home().config / "policy.toml"
    granted = policy.read_text() if policy.exists() else "[sandbox]\n"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(granted + 'environment = ["PIP_AUDIT_*"]\n')
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"{web.url}/query")
    web.pages["/query"] = reply({"vulns": [WEAK]})
    (project / "uv.lock").write_text(
        '[[package]]\nname = "tiny-add"\nversion = "1.0.0"\nsource = { registry = "x" }\n'
    )
    result = await call("audit_security", {}, again())
    assert result.ok, result.text
    head, _, row = result.text.split("\n")
    assert head == "pip-audit looked up 1 packages (uv.lock): 1 of them have known weaknesses."
    assert row.startswith("- tiny-add 1.0.0 (uv.lock): PYSEC-2025-1 (CVE-2025-1): ")
    assert row.endswith("; fixed in 1.2.0")
    assert result.changed == ()
    assert [each["kind"] for each in user.about] == ["network"]
    assert web.seen[0].body == {"package": {"name": "tiny-add", "ecosystem": "PyPI"}, "version": "1.0.0"}


async def test_npm_audit_answers_from_its_registry(needs, index, web, reply, again, project):
    needs("npm")
    index(registries.npm(web.url, "tinyadd", "1.0.0", "1.2.0"))
    advisory = {
        "id": 1, "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "title": "Adds wrongly",
        "severity": "high", "vulnerable_versions": "<1.2.0", "cwe": ["CWE-1"], "cvss": {"score": 7, "vectorString": None},
    }  # fmt: skip
    web.pages["/-/npm/v1/security/advisories/bulk"] = reply({"tinyadd": [advisory]})
    (project / "package.json").write_text(
        '{"name": "x", "version": "1.0.0", "dependencies": {"tinyadd": "^1.0.0"}}'
    )
    place = {"version": "1.0.0", "resolved": f"{web.url}/tinyadd/-/tinyadd-1.0.0.tgz"}
    packages = {
        "": {"name": "x", "version": "1.0.0", "dependencies": {"tinyadd": "^1.0.0"}},
        "node_modules/tinyadd": place,
    }
    lock = {"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    (project / "package-lock.json").write_text(json.dumps(lock))
    result = await call("audit_security", {}, again())
    assert result.ok, result.text
    head, _, row = result.text.split("\n")
    assert head == "npm audit looked up 1 packages (package-lock.json): 1 of them have known weaknesses."
    assert row == (
        "- tinyadd 1.0.0 (package-lock.json): GHSA-aaaa-bbbb-cccc: Adds wrongly (high, <1.2.0);"
        " fixed in what `npm audit fix` takes"
    )


async def test_a_program_that_gives_no_report_leaves_it_to_osv(needs, index, web, reply, again, project):
    """npm's own registry may answer nothing: then the other database is asked, and it is said."""
    needs("npm")
    (project / "package.json").write_text('{"name": "x"}')
    (project / "package-lock.json").write_text(
        '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {"version": "1.0.0"}}}'
    )
    web.pages["/osv/querybatch"] = reply({"results": [{}]})
    result = await call("audit_security", {}, again())
    assert result.ok, result.text
    assert result.text.startswith(
        "Looked up 1 packages (package-lock.json) in OSV: 0 of them have known weaknesses.\n"
    )
    assert "(npm audit gave no report: " in result.text


async def test_what_a_program_could_not_look_at_is_never_called_safe(web, reply, again, project):
    """A stand-in of the project's own says what pip-audit says of a package that its index does not know."""
    own = project / ".venv" / "bin" / "pip-audit"
    own.parent.mkdir(parents=True)
    report = {
        "dependencies": [
            {"name": "good", "version": "2", "vulns": []},
            {"name": "own", "skip_reason": "unknown"},
        ]
    }
    own.write_text(f"#!/bin/sh\necho '{json.dumps(report)}'\n")
    own.chmod(0o755)
    (project / ".gitignore").write_text(".venv/\n")
    (project / "requirements.txt").write_text("good==2\nown==1\n")
    web.pages["/osv/querybatch"] = reply({"results": [{}]})
    bench = again()
    result = await call("audit_security", {}, bench)
    assert result.ok, result.text
    assert result.text == (
        "pip-audit looked up 1 packages (requirements.txt): 0 of them have known weaknesses.\n"
        "Looked up 1 packages (requirements.txt) in OSV: 0 of them have known weaknesses.\n"
        "(pip-audit could not look at: own.)"
    )
    assert [each["package"]["name"] for each in web.seen[-1].body["queries"]] == ["own"]
    del web.pages["/osv/querybatch"]
    bench.stage.write("requirements.txt", b"own==1\n")
    nothing = await call("audit_security", {}, bench)
    assert not nothing.ok, nothing.text
    assert "0 of them" not in nothing.text


CARGO = {
    "database": {"advisory-count": 600, "last-commit": "0" * 40, "last-updated": "2025-01-01T00:00:00Z"},
    "lockfile": {"dependency-count": 2},
    "settings": {"target_arch": [], "target_os": [], "severity": None, "ignore": [], "informational_warnings": ["unmaintained"]},
    "vulnerabilities": {
        "found": True, "count": 1,
        "list": [{
            "advisory": {
                "id": "RUSTSEC-2025-0001", "package": "tinyadd", "title": "Adds wrongly", "description": "Long.\nText.",
                "date": "2025-01-01", "aliases": ["CVE-2025-1"], "cvss": None, "url": "https://example.org", "withdrawn": None,
            },
            "versions": {"patched": [">=1.2.0"], "unaffected": []},
            "affected": None,
            "package": {"name": "tinyadd", "version": "1.0.0", "source": "registry+https://example.org", "checksum": "0", "dependencies": []},
        }],
    },
    "warnings": {"unmaintained": []},
}  # fmt: skip
GO = """\
{"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck", "db": "https://vuln.go.dev", "scan_level": "symbol"}}
{"progress": {"message": "Scanning your code and 40 packages across 1 dependent module for known vulnerabilities..."}}
{"osv": {"id": "GO-2025-0001", "aliases": ["CVE-2025-1"], "summary": "Adds wrongly in example.org/add", "details": "Long."}}
{"osv": {"id": "GO-2025-0002", "aliases": [], "details": "Subtracts wrongly."}}
{
  "finding": {
    "osv": "GO-2025-0001", "fixed_version": "v1.2.0", "trace": [{"module": "example.org/add", "version": "v1.0.0"}]
  }
}
{"finding": {"osv": "GO-2025-0001", "fixed_version": "v1.2.0", "trace": [{"module": "example.org/add", "version": "v1.0.0",
  "package": "example.org/add", "function": "Add"}, {"module": "example.org/x", "package": "example.org/x", "function": "main"}]}}
{"finding": {"osv": "GO-2025-0002", "trace": [{"module": "example.org/add", "version": "v1.0.0"}]}}
"""
KNOWN = [
    Locked("crates.io", "tinyadd", "1.0.0", "Cargo.lock"),
    Locked("Go", "example.org/add", "v1.0.0", "go.mod"),
]


def test_what_cargo_audit_and_govulncheck_print():
    said = "    Fetching advisory database\n" + json.dumps(CARGO)
    assert [each.row for each in AUDITORS["crates.io"].read(said, KNOWN)] == [
        "- tinyadd 1.0.0 (Cargo.lock): RUSTSEC-2025-0001 (CVE-2025-1): Adds wrongly; fixed in >=1.2.0"
    ]
    assert [each.row for each in AUDITORS["Go"].read(GO, KNOWN)] == [
        "- example.org/add v1.0.0 (go.mod): GO-2025-0001 (CVE-2025-1): Adds wrongly in example.org/add (the code calls it);"
        " fixed in v1.2.0",
        "- example.org/add v1.0.0 (go.mod): GO-2025-0002: Subtracts wrongly. (no call of it was found);"
        " no fixed version is known",
    ]


def test_what_pip_audit_prints():
    said = json.dumps(
        {"dependencies": [
            {"name": "tiny-add", "version": "1.0.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "1.2"], "aliases": ["CVE-1"], "description": "Adds wrongly."}]},
            {"name": "own", "skip_reason": "Dependency not found on PyPI and could not be audited: own (1)"},
            {"name": "good", "version": "2", "vulns": []},
        ], "fixes": []}
    )  # fmt: skip
    weak, skipped = AUDITORS["PyPI"].read("WARNING: something\n" + said, [])
    assert skipped == Skipped("own")
    assert weak.row == "- tiny-add 1.0.0 (installed): PYSEC-1 (CVE-1): Adds wrongly.; fixed in 1.1, 1.2"


@pytest.mark.parametrize("ecosystem", AUDITORS)
@pytest.mark.parametrize(
    "output", ["", "no such command", "{", "{}", "[]", '{"error": {"summary": "no"}}', "\n{}\n" * 9]
)
def test_what_is_no_report_is_never_taken_for_none_found(ecosystem, output):
    with pytest.raises((ValueError, KeyError, TypeError)):
        assert list(AUDITORS[ecosystem].read(output, [])) != []
        raise ValueError("it told something")
