"""The ground of Heddle: events, commands, session, log, ledger, stage, sandbox and views.

Nothing in here knows a model or a screen. Never import `textual`, `rich`, `strands` or `boto3`.
"""
