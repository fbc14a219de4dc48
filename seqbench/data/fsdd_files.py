"""What the Free Spoken Digit Dataset is made of, and its checksums."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from seqbench.interfaces import DataError

FOLDER = "fsdd/recordings"
LICENCE = "CC BY-SA 4.0"
ORIGIN = (
    "Jakobovski/free-spoken-digit-dataset on GitHub, recordings/ at "
    "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
)
NUM_TAKES = 25
"""Takes 0 to 24 of each speaker and digit are used."""

SHA256: dict[str, tuple[str, ...]] = {
    "george": (
        "7817c7d25a575cdd022e18ff642c26a5182f49eb4bf0e327eace6da57ee36625",
        "6e0224fa20bfb83f6cb77623657b036efef2298924ccc675d2d32b8f9dac8ed4",
        "f39d8146db25874a6bb7c0fe8dfa887ca9577c9c0b9d52abf19c1ffaa564286a",
        "2dd47d99c31ab99a4551151eae69e0548da7b74ce38cedb4cbcd7795b7ef4a4f",
        "deed8ee4c26951aef48583a61aede35360ba46b879f719ac39ae2cbc0b906a27",
        "78a84d5bc52f2bc9101e64e596da8fab099b7f6f48475740f8f8186e2d43d18c",
        "b0929bf10a7472cb40cdb1a0c16f19c28b0e84428810b2a502e9d9fd6081791d",
        "4ee7f950f13fcc22fe651a826c20de8c6125f4792a6da2c9d80c84660f4e1e2e",
        "72ceae6e1fe39274f03ec72eae227f3f098698c0cd8ae2599597c34694db419c",
        "3ffd4adfed85f033bfa92da405c2259bbca23b1103506e0d045aa1c328ac0c50",
    ),
    "jackson": (
        "56247df791bf0c5c76eb53175e76384b07cc0c6ebd0ff0e7ad20481caa73d092",
        "7c727ecfdba1517452d425444b5d96e6b7323cb9201ca80dfefc34aaa6127446",
        "44f3ddedaaaaffeede5f389e83071734e1d4a975f07047ba1738f62ea0369d62",
        "6f280b92e3d3fb3b6b7ddcd764e4049bea5c07799147258ac8e95e12bc75692f",
        "17d26bef53554f505bbd7eb6faa12723133c8934b12d0f2f5a23b6ce25d2855b",
        "757643b5bdeedae1ff940f8f439bc1fe6fad23ffb24c74efe2fe120b8eddf74e",
        "d7af056a655c8f8312957efacb519f4c6b7d46e7353a619f7f330c785c08bfb8",
        "370bcf0b087a987d5417632639c6db107e4545a01957a68249b8b5777d31bf34",
        "a46f57fb07c997bb849d2eca6e20c3bcbae105db1d9b8d4fc1a8b0d6ed8937d9",
        "b10e6c56a40b4ba9f02e93761bde51a7dad07cbff93e5c9a14e06ba8d898b7b1",
    ),
    "nicolas": (
        "19f302b83cc8be207d2ca2bd7bb256716cef41ca8564e0874c28abf0434a6ab9",
        "cd69ce4daae620527202b6257b1389e4c9f62e7bd0dcd531b716a1fbf3cfe2c5",
        "eccd6e53c9cb27b8ca8c3c8e2a16250933caf425941f1b9a1044a73124449bb2",
        "14b535d6da92332e6a8d75b214fce1658d9a501ddf4c2dee839c24b62d5f861c",
        "08abf4057b5c487731217f5f52700c6c1a9f732f22f2ab0861b2135bd2c27335",
        "c6e4110e95a6f375569efd9f01e0ab6f5c770bfd5a2085f348f7656944227e24",
        "c2f79962d0070504b3fd92951bbaa2496a0ede2732f129ae29ab29839e1ebbb7",
        "b69e3f4465a672463fb513599fcff925840d571f93db26e873f6a031664b9e29",
        "132ef8fe6e32df410e6739bd7e11d45fbd0c333b8cf0f7e2cd0d46f4a5df8f35",
        "0b684c8506c3f90df5e7f2d36350ed1cf18134f8c19ab8c6bfa14295170a18a5",
    ),
    "theo": (
        "36feb9136111328372447128a365627148be1a8ec8d956b77670ff90c073cf76",
        "0e3d1ab03a83b78e7a186d71e3f586c30aa6b46132e9d923d03ac219cecf14c0",
        "7a60060c914afb43f990626b4dbc6d270e4ac0859e522ef258bb3a218f42b7ab",
        "3cc3cc3de3e960acc920223b46a752350edf665d8cf71fc85c3658bf6fafccb8",
        "fde6c8a9eb67239bd132b86e2f86d15dc20662c5a7757d0732b17dee18aa20e1",
        "6ffb80b21c21849712ed2933133de5ffb62ddff83f7883cb75b4ab00523b0cd8",
        "54b9ca9083593531b63282501c6b97c59d01eaf859345addcc377cfd6d048d72",
        "519add1fc535df5b99382bef580b31441bc7007970646cb5e9ea06e8daac75bb",
        "58e8096659ea70ab92f3c6ffbbc50073bac9c6cc17291f09c1ebc0b2fda423aa",
        "0b420e8888c3985a90d87f89b8b352eef32ee00742c9896188654113295fbd82",
    ),
}
"""By speaker, for each digit: of its takes 0 to 24, end to end."""


def file_name(digit: int, speaker: str, take: int) -> str:
    return f"{digit}_{speaker}_{take}.wav"


def file_names() -> list[str]:
    """Every recording, relative to the data root."""
    return [
        f"{FOLDER}/{file_name(digit, speaker, take)}"
        for speaker, digits in SHA256.items()
        for digit in range(len(digits))
        for take in range(NUM_TAKES)
    ]


def checked_recordings(base: Path) -> dict[tuple[str, int, int], Path]:
    """Files by (speaker, digit, take), those named here and no others.

    DataError where one under the data root is missing, damaged or another version.
    """
    found = {}
    for speaker, digits in SHA256.items():
        for digit, expected in enumerate(digits):
            names = tuple(file_name(digit, speaker, take) for take in range(NUM_TAKES))
            _check_group(base, names, expected)
            for take, name in enumerate(names):
                found[speaker, digit, take] = base / FOLDER / name
    return found


@functools.cache
def _check_group(base: Path, names: tuple[str, ...], expected: str) -> None:
    """One digit of one speaker; a process checks it once."""
    content = hashlib.sha256()
    for name in names:
        path = base / FOLDER / name
        if not path.is_file():
            raise DataError(
                f"fsdd: {path} is missing, expected it under the data root {base}; put the files "
                f"of {ORIGIN} there ({LICENCE}), and name the root with data.root or SEQBENCH_DATA"
            )
        content.update(path.read_bytes())
    if content.hexdigest() != expected:
        raise DataError(
            f"fsdd: one of {base / FOLDER / names[0]} to {names[-1]} is damaged or another "
            f"version: SHA-256 {content.hexdigest()} of all {len(names)}, expected {expected}; get "
            f"them again from {ORIGIN} ({LICENCE})"
        )
