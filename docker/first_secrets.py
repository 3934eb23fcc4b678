# ruff: noqa: INP001 - no package: the compose file runs it by its path
"""Make the secrets of an installation, once: each into the volume of those who may read it.

Standard library only and no settings: it runs before anything else. A secret that is there
already stays, so that a person may put one of their own. No file ends in a line break.
"""

import argparse
import base64
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

OWN, ALL = 0o400, 0o444  # ALL: the volume's only reader runs as a user of its own


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the folders below --folder; say what was made, never a secret."""
    parser = argparse.ArgumentParser(description="Make the secrets of a new installation.")
    parser.add_argument("--folder", type=Path, default=Path("/run/remosa"))
    folder: Path = parser.parse_args(arguments).folder
    made: list[str] = []

    def keep(name: str, text: str, mode: int = OWN) -> str:
        path = folder / name
        if path.exists():
            return path.read_text(encoding="utf-8").strip()
        _write(path, text, mode)
        made.append(name)
        return text

    keep("web/secret_key", secrets.token_urlsafe(50))
    keep("web/secret_keys", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    keep("web/email_url", "consolemail://")
    metrics_token = keep("web/metrics_token", secrets.token_urlsafe(32))
    keep("prometheus/metrics_token", metrics_token, ALL)
    password = keep("postgres/password", secrets.token_urlsafe(32), ALL)
    keep("web/database_url", f"postgres://remosa:{password}@postgres:5432/remosa")
    password = keep("redis/password", secrets.token_urlsafe(32), ALL)
    limits = 'save ""\nappendonly no\nmaxmemory 128mb\nmaxmemory-policy allkeys-lru\n'
    keep("redis/redis.conf", f"requirepass {password}\n{limits}", ALL)
    keep("web/redis_url", f"redis://:{password}@redis:6379/0")
    print("made: " + (", ".join(made) or "nothing, all was there"))  # noqa: T201 - its report


def _write(path: Path, text: str, mode: int) -> None:
    """Write a whole file or none, readable by nobody else from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


if __name__ == "__main__":
    main()
