"""The key of the installation (安装密钥): made at the first start, and kept for its owner alone."""

import os
import secrets
from pathlib import Path

KEY_FILE = "api-key"  # in the data directory


def local_key(data_dir: Path) -> str:
    """The key made at the first start of a single-machine installation, readable by its owner only."""
    file = data_dir / KEY_FILE
    if file.exists() and (known := file.read_text("ascii").strip()):
        return known
    key = "mj_" + secrets.token_urlsafe(24)
    data_dir.mkdir(parents=True, exist_ok=True)
    temporary = data_dir / f"{KEY_FILE}.{os.getpid()}.tmp"  # so that a crash leaves no file without a key in it
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(key + "\n")
    temporary.replace(file)
    return key
