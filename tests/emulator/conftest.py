"""Without g++ there is no emulator: skipped on a laptop, a failure under `--peers required`."""

from __future__ import annotations

import pytest
from emu_compile import EmulatorError, compiler


@pytest.fixture(autouse=True, scope="session")
def _compiler_is_here(request: pytest.FixtureRequest) -> None:
    try:
        compiler()
    except EmulatorError as error:
        if request.config.getoption("--peers") == "required":
            pytest.fail(f"{error}, and --peers required asks for it", pytrace=False)
        pytest.skip(str(error))
