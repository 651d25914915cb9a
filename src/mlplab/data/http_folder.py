"""A source that serves its files over HTTP, given up quickly when it does not answer."""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from mlplab.data.files import MessageCallback, SourceError


@dataclass(frozen=True)
class HttpFolder:
    """Files below one address.

    Attributes:
        url: the address, ending in a slash.
        patience_seconds: how long the first answer may take, name look-up included.
        stall_seconds: how long a download may stand still.
    """

    url: str
    patience_seconds: float = 8.0
    stall_seconds: float = 15.0

    @property
    def label(self) -> str:
        """What the source is called."""
        return self.url

    def fetch(self, names: tuple[str, ...], into: Path, report: MessageCallback) -> None:
        """Download the files with pooch.

        Raises:
            SourceError: no answer in time, or a download failed.
        """
        self._expect_answer(self.url + names[0])
        import pooch

        logger = pooch.get_logger()
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            for name in names:
                loader = pooch.HTTPDownloader(timeout=(self.patience_seconds, self.stall_seconds))
                pooch.retrieve(
                    self.url + name, known_hash=None, fname=name, path=into, downloader=loader
                )
        except Exception as problem:  # requests, urllib3 and pooch each raise their own
            raise SourceError(f"download failed ({_first_line(problem)})") from None
        finally:
            logger.setLevel(level)

    def _expect_answer(self, url: str) -> None:
        """Ask for a header in a thread: looking up a name has no time limit of its own."""
        outcome: list[str | None] = []

        def ask() -> None:
            try:
                request = urllib.request.Request(url, method="HEAD")
                with urllib.request.urlopen(request, timeout=self.patience_seconds):
                    outcome.append(None)
            except urllib.error.HTTPError:
                outcome.append(None)
            except Exception as problem:
                outcome.append(_first_line(problem))

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(self.patience_seconds)
        if not outcome:
            raise SourceError(f"no answer within {self.patience_seconds:g} s")
        if outcome[0] is not None:
            raise SourceError(f"cannot be reached ({outcome[0]})")


def _first_line(problem: BaseException) -> str:
    reason = getattr(problem, "reason", problem)
    return (str(reason) or type(reason).__name__).splitlines()[0][:160]
