"""Documentation of npm packages, crates and Go modules: of the version in use, here first, else from outside."""

import json
import os

import pytest

from tools.registry import call
from tools.research.places import ecosystem_of, places_of, split_name

DTS = """\
/** How it is done. */
export interface Options {
  /** Milliseconds until it gives up. */
  timeout?: number;
  retries: number;
}

/**
 * Fetch a thing again and again.
 * @param url where it is
 */
export declare function retry(
  url: string,
  options?: Options,
): Promise<Response>;
export declare const version: string;

export declare class Client {
  /** Close it, and wait for what is under way. */
  close(): Promise<void>;
}
"""
RUST = """\
//! Adds numbers.

/// A running sum.
#[derive(Debug)]
pub struct Sum {
    pub total: i64,
}

impl Sum {
    /// Add one number.
    pub fn push(&mut self, number: i64) -> &mut Self {
        self.total += number;
        self
    }

    fn secret(&self) {}
}

/// Adds two numbers
/// without overflow.
pub fn add(a: i64, b: i64) -> Option<i64> { a.checked_add(b) }
"""
GO = """\
package mux

// Router sends requests on.
type Router struct {
	// NotFound answers when nothing fits.
	NotFound http.Handler
}

// Handle registers a handler for a path.
func (r *Router) Handle(path string, h http.Handler) *Route {
	return nil
}

func hidden() {}

// NewRouter returns an empty router.
func NewRouter() *Router { return &Router{} }
"""


@pytest.fixture
def retrying(project):
    """A package of node with types, an ignored folder as always."""
    (project / ".gitignore").write_text("node_modules\n")
    folder = project / "node_modules" / "@acme" / "re.try"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "@acme/re.try", "version": "2.1.0"}')
    (folder / "README.md").write_text(
        "<h1>\n![badge](x)\n# Re-try\n\nTries again.\n\n## Limits\n\nTen at most.\n"
    )
    (folder / "index.d.ts").write_text(DTS)
    (project / "package.json").write_text('{"dependencies": {"@acme/re.try": "^2"}}')


async def test_types_and_readme_of_a_package_of_node(retrying, again):
    bench = again()

    async def docs(name, query=None):
        result = await call("docs_search", {"name": name, "query": query}, bench)
        assert result.ok, result.text
        head, _, rest = result.text.partition("\n")
        assert head.endswith("@acme/re.try 2.1.0, installed in node_modules/@acme/re.try")
        return rest

    whole = await docs("@acme/re.try")
    assert whole == (
        "# Re-try\n\nTries again.\n\n## Limits\n\nTen at most.\n\nIt declares: Options, retry, version, Client"
    )
    assert await docs("@acme/re.try.retry") == (
        "retry\nexport declare function retry(\n  url: string,\n  options?: Options,\n): Promise<Response>;\n"
        "Fetch a thing again and again.\n@param url where it is"
    )
    options = await docs("@acme/re.try", "milliseconds")
    assert "Options.timeout\ntimeout?: number;\nMilliseconds until it gives up." in options
    assert "retries: number" in await docs("@acme/re.try.Options")
    assert (await docs("@acme/re.try.Client.close")).startswith("Client.close\nclose(): Promise<void>;")
    assert await docs("@acme/re.try", "ten at most") == "## Limits\n\nTen at most."
    assert await docs("@acme/re.try.nothing") == "It documents nothing that matches nothing."


async def test_a_crate_in_the_locked_version(again, project, isolated, monkeypatch):
    (project / "Cargo.toml").write_text('[package]\nname = "x"\nversion = "0.1.0"\n')
    row = '[[package]]\nname = "tiny-sum"\nversion = "{}"\nsource = "registry+https://x"\n'
    (project / "Cargo.lock").write_text(row.format("1.2.0"))
    for version in ("1.1.0", "1.2.0"):
        folder = isolated / ".cargo" / "registry" / "src" / "index" / f"tiny-sum-{version}" / "src"
        folder.mkdir(parents=True)
        (folder / "lib.rs").write_text(RUST.replace("A running", f"{version}: a running"))
    monkeypatch.delenv("CARGO_HOME", raising=False)
    bench = again()

    async def use(name, /, **arguments):
        return await call(name, arguments, bench)

    found = await use("docs_search", name="tiny_sum::Sum")
    assert found.ok, found.text
    assert "tiny-sum-1.2.0" in found.text
    assert "Sum\npub struct Sum {\n    pub total: i64,\n}\n1.2.0: a running sum." in found.text
    method = await use("docs_search", name="tiny_sum::Sum::push")
    assert "Sum.push\npub fn push(&mut self, number: i64) -> &mut Self\nAdd one number." in method.text
    listed = await use("docs_search", name="tiny-sum")
    assert listed.text.endswith("It declares: Sum, add")
    assert "without overflow" in (await use("docs_search", name="tiny_sum", query="two overflow")).text


async def test_a_module_of_go(use, put):
    put("go.mod", "module example.org/x\n\ngo 1.21\n\nrequire github.com/Acme/mux v1.8.0\n")
    put("vendor/github.com/Acme/mux/mux.go", GO)
    found = await use("docs_search", name="github.com/Acme/mux.Router.Handle")
    assert found.ok, found.text
    assert found.text.endswith(
        "Router.Handle\nfunc (r *Router) Handle(path string, h http.Handler) *Route\n"
        "Handle registers a handler for a path."
    )
    listed = await use("docs_search", name="github.com/Acme/mux")
    assert listed.text.endswith("It declares: Router, NewRouter")


@pytest.mark.parametrize(
    ("files", "name", "page", "asked"),
    [
        (
            {"Cargo.toml": "[package]\n", "Cargo.lock": '[[package]]\nname = "tiny-sum"\nversion = "1.2.0"\nsource = "r"\n'},
            "tiny_sum::Sum", "/docs_rs/tiny-sum/1.2.0/tiny_sum/", "tiny-sum 1.2.0",
        ),
        ({"Cargo.toml": "[package]\n"}, "serde", "/docs_rs/serde/latest/serde/", "serde"),
        (
            {"go.mod": "module x\n\nrequire github.com/Acme/mux v1.8.0\n"},
            "github.com/Acme/mux.Router", "/pkg_go/github.com/Acme/mux@v1.8.0", "github.com/Acme/mux v1.8.0",
        ),
    ],
)  # fmt: skip
async def test_what_is_not_here_is_read_where_it_is_published(
    use, put, web, reply, user, files, name, page, asked
):
    for path, text in files.items():
        put(path, text)
    web.pages[page] = reply(
        "<html><title>The crate</title><main><h1>It</h1><p>Adds numbers.</p></main></html>"
    )
    result = await use("docs_search", name=name)
    assert result.ok, result.text
    assert f"Source: {web.url}{page}\nThe crate, not installed here" in result.text
    assert "Adds numbers." in result.text
    assert f"read the documentation of {asked}. This contacts" in user.questions[0]
    web.pages.clear()
    gone = await use("docs_search", name=name)
    assert not gone.ok
    assert "does not know it." in gone.text


def test_names_are_read_in_every_way_they_can_mean():
    assert list(split_name("socket.io.Server")) == [
        ("socket.io.Server", ""), ("socket.io", "Server"), ("socket", "io.Server"),
    ]  # fmt: skip
    assert list(split_name("@a/b.C")) == [("@a/b.C", ""), ("@a/b", "C")]


def test_places_are_looked_for_only_where_the_project_is_of_that_kind(put, bench):
    tree = bench.stage.tree
    assert {each.kind for each in places_of(tree, "serde")} == {"npm"}
    assert ecosystem_of(tree, "requests.get") == ("PyPI", "requests", "")
    put("package-lock.json", json.dumps({"packages": {"node_modules/zod": {"version": "3.1.0"}}}))
    assert ecosystem_of(tree, "zod.z.string") == ("npm", "zod", "3.1.0")
    put("go.mod", "module x\n\nrequire github.com/Acme/mux v1.8.0\n")
    patterns = [each.patterns for each in places_of(tree, "github.com/Acme/mux/sub.F") if each.kind == "go"]
    assert f"$GOMODCACHE/github.com/!acme/mux@v1.8.0*{os.sep}sub" in patterns[-1]
