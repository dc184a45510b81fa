"""The project's dependencies: what it asks for, what is newer, and what is known to be unsafe."""
