"""One exception tree: an edge catches every error of the project by one base class."""

from __future__ import annotations

from collections.abc import Sequence

#: Characters of an exception's text that are shown.
MAX_TEXT = 500


def described(error: BaseException) -> str:
    """Return an exception's class and text; its own text may raise, or be of any length."""
    try:
        text = str(error)[:MAX_TEXT]
    except Exception:  # whatever a library's exception does
        text = "its text cannot be had"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class HealthError(Exception):
    """The root: anything this project raises on purpose."""


class ConfigError(HealthError, ValueError):
    """A configuration mistake; the text names the place, the key and the value."""

    def __init__(self, place: str, key: str, value: object, reason: str) -> None:
        super().__init__(f"{place}: {key} = {value!r}: {reason}")
        self.place = place
        self.key = key
        self.value = value
        self.reason = reason

    @property
    def all(self) -> tuple[ConfigError, ...]:
        """Return each mistake: of several, ``Mistakes`` holds them."""
        return (self,)


class Mistakes(ConfigError):  # noqa: N818 - there may be many
    """Everything that is wrong with one configuration."""

    def __init__(self, mistakes: Sequence[ConfigError]) -> None:
        first = mistakes[0]
        super().__init__(first.place, first.key, first.value, first.reason)
        self.args = ("\n".join(str(mistake) for mistake in mistakes),)
        self._mistakes = tuple(mistakes)

    @property
    def all(self) -> tuple[ConfigError, ...]:
        """Return each mistake as a separate error."""
        return self._mistakes


class DecodeError(HealthError, ValueError):
    """A frame that is not a message of the wire protocol."""


class CounterReset(HealthError, ValueError):  # noqa: N818 - what happened, no mistake
    """Two samples of different runs of a daemon, or a total that shrank."""


class StoreError(HealthError):
    """The store of series cannot answer now (away, broken, refused)."""


class SeriesError(StoreError):
    """One series cannot be read (broken, foreign, gone); the text names it. Others can be."""


class BadQuery(HealthError, ValueError):  # noqa: N818 - named for what it is
    """A query that asks for something unknown or out of bounds."""
