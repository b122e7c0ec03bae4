"""Where compiled kernels are kept: a folder that one state of all kernel sources has alone.

numba's own cache compares the file of the function that it caches; a callee that is edited in
another file would be served as it was. Here the folder is named by the digest of every module that
declares kernels or callees, of the constants that they capture, of numba and of the processor, so
whatever could change the code changes the folder.
"""

import hashlib
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PLACE = "TRIMTAB_KERNELS"
"""The environment variable that names another folder for compiled kernels."""
FOLDERS_KEPT = 8
MARK = b"trimtab.core.kernel"
_DIGEST = re.compile("[0-9a-f]{32}")
_PACKAGE = Path(__file__).resolve().parents[2]


class KernelsNotKept(UserWarning):
    """Compiled kernels cannot be written anywhere: every process compiles them anew."""


def place() -> Path:
    """The folder of all compiled kernels of this user."""
    chosen = os.environ.get(PLACE)
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "trimtab" / "kernels"


def kernel_sources() -> dict[str, Path]:
    """The files of this package that declare kernels or callees, by the name of the module."""
    found = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        if MARK in path.read_bytes():
            parts = ("trimtab", *path.relative_to(_PACKAGE).with_suffix("").parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def digest(sources: Iterable[Path], words: Iterable[str]) -> str:
    """Hexadecimal, of what the files contain and of further words."""
    total = hashlib.sha256()
    for path in sorted(set(sources)):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for word in words:
        total.update(hashlib.sha256(word.encode()).digest())
    return total.hexdigest()[:32]


def folder(sources: str, kernel: str) -> Path | None:
    """The folder of these digests, made if need be; none, with a warning, where none can be."""
    root = place()
    wanted = root / sources / kernel
    try:
        is_new = not (root / sources).exists()
        wanted.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=wanted).close()
    except OSError as error:
        warnings.warn(
            f"compiled kernels cannot be kept in {root} ({error.strerror}): each process compiles "
            f"them in its memory; make it writable, or name another folder in {PLACE}",
            KernelsNotKept,
            stacklevel=2,
        )
        return None
    if is_new:
        _drop_oldest(root)
    return wanted


def _drop_oldest(root: Path) -> None:
    """Keep the newest few folders: each edit of a kernel makes another.

    Only folders named by a digest are ours: the place may be one that holds other things too.
    """
    found: list[tuple[int, Path]] = []
    for path in root.iterdir():
        with suppress(FileNotFoundError):  # another process has just dropped it
            if _DIGEST.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                found.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(found)[:-FOLDERS_KEPT]:
        shutil.rmtree(path, ignore_errors=True)
