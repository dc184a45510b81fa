"""The command line: the only place that joins screen, agents, tools and core."""
