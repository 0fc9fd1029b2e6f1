#!/usr/bin/env python3
"""Checks that files written by swift-llama load in the libraries that own their formats.

    check_interoperation.py FILE.pth ...

Needs torch. Exits with 1 where a file does not load, or is not what the library itself would have written.
"""

import sys
import tempfile
import zipfile
from pathlib import Path


def check_torch_file(path: Path) -> str:
    """Loads a .pth as careful users do, both copied and mapped, and saves it again: torch must write the same bytes."""
    import torch

    if (damaged := zipfile.ZipFile(path).testzip()) is not None:
        raise ValueError(f"{damaged}: wrong checksum")
    copied = torch.load(path, weights_only=True)
    mapped = torch.load(path, weights_only=True, mmap=True)
    if list(copied) != list(mapped):
        raise ValueError("other tensors when mapped")
    for name, tensor in copied.items():
        # By bytes: a NaN is not equal to itself.
        if not torch.equal(tensor.contiguous().flatten().view(torch.uint8),
                           mapped[name].contiguous().flatten().view(torch.uint8)):
            raise ValueError(f"{name}: other values when mapped")
    return f"{len(copied)} tensors, " + compare_with_torch_save(path, copied)


def compare_with_torch_save(path: Path, tensors: dict) -> str:
    """Says whether all up to the ZIP directory is what torch.save writes, but for the random serialization_id."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        torch.save(tensors, again)
        with zipfile.ZipFile(again) as archive:
            end = archive.getinfo(f"{path.stem}/.data/serialization_id").header_offset
        same = path.read_bytes()[:end] == again.read_bytes()[:end]
    return "byte for byte what torch.save writes" if same else "other bytes than torch.save writes"


def main() -> int:
    failures = 0
    for name in sys.argv[1:]:
        try:
            print(f"{name}: {check_torch_file(Path(name))}")
        except Exception as error:  # Whatever a library throws is a failure of the file.
            print(f"{name}: {error}", file=sys.stderr)
            failures += 1
    return 1 if failures or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
