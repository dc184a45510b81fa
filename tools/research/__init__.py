"""Looking things up outside of the project: every tool here leaves the sandbox, asks, and names its sources."""
