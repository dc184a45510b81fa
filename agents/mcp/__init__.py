"""Tools of MCP servers: which servers there are, whom the user trusts, and how their tools reach a node."""
