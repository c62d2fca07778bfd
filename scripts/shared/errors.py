"""The error that the command shows as one line."""


class UserError(Exception):
    """A mistake or missing thing that the user can put right."""
