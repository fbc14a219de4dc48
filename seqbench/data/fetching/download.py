"""One download by pooch: checked, retried, resumed where it was cut, with a progress bar."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqbench.interfaces import DataError, PluginUnavailableError

RETRIES = 3
TIMEOUT_S = (10.0, 30.0)
"""To connect, and between two pieces."""
CHUNK = 1 << 16
MAX_BYTES = 200_000_000
"""Of one download: the largest is a tenth of it."""
WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)


def need_pooch() -> Any:
    """pooch, which brings requests. PluginUnavailableError, with what to install, without it."""
    try:
        import pooch
        import tqdm
    except ImportError as error:
        raise PluginUnavailableError(
            f"data fetch: {error.name} is not installed, expected pooch and tqdm; install them: "
            "pip install 'seqbench[data]'"
        ) from error
    assert tqdm is not None
    pooch.get_logger().setLevel("WARNING")  # what it says of itself is told by the command
    return pooch


@dataclass(slots=True)
class Download:
    """Where downloads are kept until files have been made of them, and how patient to be.

    `bar` opens a progress bar: (what it is of, bytes there, bytes in all or None) -> an object with
    `update(bytes)`, as a context.
    """

    folder: Path
    retries: int = RETRIES
    timeout_s: tuple[float, float] = TIMEOUT_S
    bar: Callable[[str, int, int | None], AbstractContextManager[Any]] | None = None
    _session: Any = field(default=None)

    def get(self, url: str, sha256: str, said: str = "") -> Path:
        """The file of `url` in `folder`, with this checksum ("": any); `said` names it to readers.

        A file that is there and right is not loaded again. Raises DataError, which says the
        address and what is wrong, and leaves what has come for the next call to go on with.
        """
        pooch = need_pooch()
        import requests

        name = name_of(url)
        keeper = pooch.create(
            path=self.folder,
            base_url="",
            registry={name: f"sha256:{sha256}" if sha256 else None},
            urls={name: url},
            retry_if_failed=self.retries,
        )
        resuming = _Resuming(self, self.folder / f"{name}.part", bool(sha256), said or name)
        tries = f"after {self.retries + 1} tries" if self.retries else "at the first try"
        try:
            return Path(keeper.fetch(name, downloader=resuming))
        except requests.RequestException as error:
            raise DataError(
                f"fetch: {url}: {_said(error)} {tries}; expected the whole file; check the network "
                "(or --mirror) and give the same command again: it goes on where it was cut"
            ) from error
        except ValueError as error:
            raise DataError(
                f"fetch: {url} gives a file of another SHA-256 {tries}, expected {sha256}; nothing "
                "was placed; the origin has changed or something between alters it"
            ) from error
        except OSError as error:
            raise DataError(
                f"fetch: {self.folder / name} cannot be written ({error.strerror or error}), "
                "expected room for it; make room or choose another --root, and give the same "
                "command again"
            ) from error

    @property
    def session(self) -> Any:
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.headers["Accept-Encoding"] = "identity"  # bytes as they are, for ranges
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def name_of(url: str) -> str:
    """A file name of its own for each address."""
    end = url.rstrip("/").rpartition("/")[2]
    return f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{end}"


@dataclass(frozen=True, slots=True)
class _Resuming:
    """What pooch calls to load: appends to `part`, and hands it over when it is whole.

    Only what has a checksum is resumed: two halves of two versions would go unseen otherwise.
    """

    of: Download
    part: Path
    checked: bool
    said: str

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        have = self.part.stat().st_size if self.checked and self.part.is_file() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self.of.session.get(
            url, headers=headers, stream=True, timeout=self.of.timeout_s
        ) as answer:
            if answer.status_code == 416:  # there is nothing behind what we have
                os.replace(self.part, output_file)  # whole, or the checksum tells
                return
            _check_status(url, answer)
            start = have if self._goes_on(answer, have) else 0
            self._write(url, answer, start)
        os.replace(self.part, output_file)

    def _goes_on(self, answer: Any, have: int) -> bool:
        """Whether the answer starts where we stopped; a server without ranges sends it all."""
        if answer.status_code != 206:
            return False
        sent = str(answer.headers.get("Content-Range", ""))
        if sent.startswith(f"bytes {have}-"):
            return True
        self.part.unlink(missing_ok=True)  # the next try asks for the whole
        raise _requests().exceptions.ContentDecodingError(
            f"asked for bytes from {have} on, the server sent {sent!r}"
        )

    def _write(self, url: str, answer: Any, start: int) -> None:
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        _check_size(url, total or 0)
        bar = self.of.bar(self.said, start, total) if self.of.bar else nullcontext()
        with bar as shown, self.part.open("ab" if start else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                start += len(chunk)
                _check_size(url, start)
                if shown is not None:
                    shown.update(len(chunk))


def _check_status(url: str, answer: Any) -> None:
    """Errors that may pass are raised for pooch to try again, others end it."""
    status = answer.status_code
    if status < 400:
        return
    if status in WORTH_ANOTHER_TRY:
        answer.raise_for_status()
    raise DataError(
        f"fetch: {url} answers {status} {answer.reason}, expected the file; its origin may have "
        "moved: get it by hand (`seqbench data list NAME` says what and where), or name a --mirror"
    )


def _check_size(url: str, size: int) -> None:
    if size > MAX_BYTES:
        raise DataError(
            f"fetch: {url} sends {size} bytes, expected at most {MAX_BYTES}; nothing was placed"
        )


def _said(error: Exception) -> str:
    """requests' exceptions in a few words."""
    exceptions = _requests().exceptions
    response = getattr(error, "response", None)
    if response is not None:
        return f"answers {response.status_code} {response.reason}"
    if isinstance(error, exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection was cut"
    if isinstance(error, exceptions.ConnectionError):
        timed_out = "timed out" in str(error)
        return "no answer in time" if timed_out else "no connection, or it was cut"
    return str(error)


def _requests() -> Any:
    import requests

    return requests
