"""Find what a site reveals about the machine or a person."""

import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.shared.paths import ROOT

# Names of environment variables whose values are secrets.
SECRET = re.compile(
    r"TOKEN|SECRET|PASS(WORD|WD|PHRASE)|WEBHOOK|CREDENTIAL|_KEY$"
)
# Except at the domains of examples, which dbt and colibri have in their texts,
# and of the owners of the groups.
MAIL = re.compile(
    r"\b[\w.+-]+@(?!example\.|classicmodels\.example\b)"
    r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"
)
ENCODED = re.compile(r'atob\("([A-Za-z0-9+/=]+)"\)')


def find_leaks(folder: Path) -> Iterator[str]:
    """Yield which file names what, but not the secret itself: logs are kept."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        text += "".join(
            base64.b64decode(data).decode() for data in ENCODED.findall(text)
        )
        for private, what in _private_texts():
            if private in text or json.dumps(private)[1:-1] in text:
                yield f"{path.name} names {what}"
        if mail := MAIL.search(text):
            line = text[: mail.start()].count("\n") + 1
            yield f"{path.name} names an e-mail address, in line {line}"


def _private_texts() -> Iterator[tuple[str, str]]:
    """Yield what no page may name, and what that is."""
    for path in (ROOT, Path.cwd(), Path.home(), Path(sys.prefix)):
        for name in {str(path), str(path.resolve())}:
            if len(path.parts) > 1:
                yield f"{name}/", "a folder of this machine"
                yield f'{name}"', "a folder of this machine"
    for name, value in os.environ.items():
        if SECRET.search(name) and len(value) >= 8:
            yield value, f"the value of {name}"
