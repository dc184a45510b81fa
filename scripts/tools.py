"""Write docs/tools.md from the registry of tools and the roles.

Usage: python scripts/tools.py          (writes it; a test checks that it is current)
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# The tools

What a node can do. This page is made from the registry by `scripts/tools.py`; `heddle tools` says the same in a
terminal, and `heddle tools --output json` for programs. The text of each tool is what the model reads.

- All paths are of the stage, the private copy of your project: see [the design](design.md).
- *executes*: it runs code in the sandbox. *writes*: it changes files in the stage. *asks*: it leaves the sandbox, so you
  are asked, once for each role, host and project; you can allow hosts beforehand in `research.toml`.
- Output, time and sizes are limited by `core/limits.toml`; a result that was cut says how to get the rest. What a
  command prints is shown while it runs; the model gets its first lines and its end, and a name like `@output/3` by
  which `read_file` and `search_files` find all of it, without secrets, as long as the stage lives.
- The roles are those of `agents/roles.toml`; a roster can give a role other tools.

"""
TAIL = """\
## Looking things up: `research.toml`

The file stands in the configuration folder (`heddle doctor` says where). All of it may be left out.

```toml
provider = "searxng"               # or "tavily", "brave"; without it, whoever there is a key for
allow = ["api.stackexchange.com"]  # hosts that need no question, for headless runs too
private = ["search.lan:8080"]      # hosts that may stand at a private address

[hosts]                            # other addresses for the services of tools/research/hosts.toml
searxng = "http://search.lan:8080"
```

The keys of the providers are `TAVILY_API_KEY` and `BRAVE_API_KEY` in the environment. A page is read only from
public addresses: every redirect is looked at like the first address, and the address that was looked at is the one
that is connected to. Where npm's packages are is what the project's own npm says.

## MCP

The tools of MCP servers come beside these: see [MCP servers](mcp.md).
"""


def page() -> str:
    """The whole page."""
    from cli.tools import tool_lines

    parts = [HEAD]
    family = ""
    for line in tool_lines():
        if line.family != family:
            family = line.family
            parts.append(f"## {family}\n")
        marks = [mark for mark in ("asks", "writes", "executes") if getattr(line, mark)]
        parts.append(
            f"### `{line.name}`{' · ' + ', '.join(f'*{mark}*' for mark in marks) if marks else ''}\n"
        )
        parts.append(line.manual + "\n")
        rows = [
            f"- `{each.name}` ({each.type}{'' if each.required else ', may be left out'}): {each.description}"
            for each in line.arguments
        ]
        parts.append("\n".join([*rows, f"- Roles: {', '.join(line.roles) or 'none'}"]) + "\n")
    return "\n".join([*parts, TAIL])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    (ROOT / "docs/tools.md").write_text(page(), "utf-8")
