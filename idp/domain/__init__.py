"""The rules, as pure functions over frozen values. Standard library only: no clock, no database, no web."""
