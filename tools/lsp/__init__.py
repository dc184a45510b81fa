"""Language servers: found, started in the sandbox, asked, and ended with the session."""
