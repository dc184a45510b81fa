"""What is done in the user's own Git repository, after he approved it: a branch, or a commit."""
