"""What a node may do: plain functions whose first parameter is the workbench and whose docstring the model reads."""
