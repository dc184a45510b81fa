"""Package indexes made of files, as the package managers ask them: PyPI, npm, crates.io and a Go proxy.

Each function gives the pages of one index for one package: path → body. Nothing in here is anybody's work.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile

ADDED = "def add(a, b):\n    return a + b\n"


def wheel(name: str, version: str) -> tuple[str, bytes]:
    """A file name and the bytes of a tiny wheel."""
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    files = {
        f"{plain}/__init__.py": f'"""Adds numbers, exactly."""\n\n__version__ = "{version}"\n\n\n{ADDED}',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Adds numbers\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_url_safe(text)},{len(text)}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return f"{plain}-{version}-py3-none-any.whl", data.getvalue()


def _url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def pypi(name: str, *versions: str) -> dict[str, bytes]:
    """The simple index below `/simple`, with the wheels below `/files`."""
    made = [wheel(name, version) for version in versions]
    links = "".join(
        f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a><br>'
        for file, data in made
    )
    page = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
    return {f"/simple/{name}/": page, **{f"/files/{file}": data for file, data in made}}


def _tarball(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(data.getvalue(), mtime=0)


def npm(url: str, name: str, *versions: str) -> dict[str, bytes]:
    """The registry at `url`: the package's document, and its tarballs."""
    pages: dict[str, bytes] = {}
    told: dict[str, object] = {}
    for version in versions:
        manifest = {
            "name": name,
            "version": version,
            "main": "index.js",
            "scripts": {"postinstall": "touch ran"},
        }
        data = _tarball(
            {
                "package/package.json": json.dumps(manifest),
                "package/index.js": "exports.add = (a, b) => a + b\n",
            }
        )
        file = f"/{name}/-/{name}-{version}.tgz"
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        told[version] = {**manifest, "dist": {"tarball": url + file, "integrity": integrity}}
        pages[file] = data
    document = {"name": name, "dist-tags": {"latest": versions[-1]}, "versions": told}
    return {f"/{name}": json.dumps(document).encode(), **pages}


def crates(url: str, name: str, *versions: str) -> dict[str, bytes]:
    """A sparse index below `/index`, for a crate whose name has four letters or more."""
    rows: list[str] = []
    pages: dict[str, bytes] = {}
    for version in versions:
        manifest = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
        data = _tarball(
            {
                f"{name}-{version}/Cargo.toml": manifest,
                f"{name}-{version}/src/lib.rs": "pub fn add(a: i64, b: i64) -> i64 { a + b }\n",
            }
        )
        digest = hashlib.sha256(data).hexdigest()
        row = {"name": name, "vers": version, "deps": [], "cksum": digest, "features": {}, "yanked": False}
        rows.append(json.dumps(row))
        pages[f"/dl/{name}/{version}/download"] = data
    config = {"dl": url + "/dl/{crate}/{version}/download", "api": url}
    return {
        "/index/config.json": json.dumps(config).encode(),
        f"/index/{name[:2]}/{name[2:4]}/{name}": "\n".join(rows).encode(),
        **pages,
    }


def go(name: str, *versions: str) -> dict[str, bytes]:
    """A module proxy below `/go`."""
    pages = {f"/go/{name}/@v/list": "\n".join(versions).encode()}
    for version in versions:
        info = json.dumps({"Version": version, "Time": "2025-01-01T00:00:00Z"}).encode()
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(f"{name}@{version}/go.mod", f"module {name}\n\ngo 1.17\n")
            archive.writestr(
                f"{name}@{version}/add.go", "package add\n\nfunc Add(a, b int) int { return a + b }\n"
            )
        pages[f"/go/{name}/@v/{version}.info"] = info
        pages[f"/go/{name}/@v/{version}.mod"] = f"module {name}\n\ngo 1.17\n".encode()
        pages[f"/go/{name}/@v/{version}.zip"] = data.getvalue()
        pages[f"/go/{name}/@latest"] = info
    return pages
