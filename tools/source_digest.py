#!/usr/bin/env python3
"""Writes a header that defines NAME as the hex SHA-256 over some files, their names and sizes.

Usage: source_digest.py NAME HEADER FILE...
"""

import hashlib
import pathlib
import sys


def source_digest(files):
    """Names without folders, in sorted order: the same wherever the checkout lies."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        for part in (file.name.encode(), file.read_bytes()):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.hexdigest()


def main(arguments):
    name, header, *files = arguments
    text = source_digest([pathlib.Path(file) for file in files])
    pathlib.Path(header).write_text(f'#define {name} "{text}"\n')


if __name__ == "__main__":
    main(sys.argv[1:])
