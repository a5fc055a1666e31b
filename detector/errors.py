"""Errors a user can mend. Each message is one line: the place, what is wrong there, what would be right."""

from collections.abc import Iterator
from contextlib import contextmanager


class IncursiondError(Exception):
    """Base of every error that ends a command with one line on stderr."""

    exit_code = 1


class InputError(IncursiondError):
    """A configuration, a zone file or a recording cannot be used as it is."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@contextmanager
def about(place: str) -> Iterator[None]:
    """Let an exception that nobody foresaw say at which place it was raised; see `unforeseen`."""
    try:
        yield
    except Exception as error:
        error.add_note(place)
        raise


def unforeseen(error: Exception) -> str:
    """Return what an exception says, after the places that it is about."""
    return ": ".join([*getattr(error, "__notes__", [])[::-1], str(error) or type(error).__name__])


def reason_of(error: OSError) -> str:
    """Return what the system says of an error, as messages have it: in lower case, without number and file."""
    return (error.strerror or str(error)).lower()
