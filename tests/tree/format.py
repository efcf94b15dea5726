#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C++ file that git tracks is as clang-format writes it. Usage: format.py [--fix]. Exits 77 without git or clang-format."""
import os
import shutil
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def main():
    if not shutil.which("clang-format"):
        print("format: skipped: clang-format is not here (Debian: clang-format)")
        return 77
    if not shutil.which("git"):
        print("format: skipped: git is not here")
        return 77
    listed = subprocess.run(["git", "-c", f"safe.directory={TOP}", "-C", TOP, "ls-files", "-z", "*.cc", "*.h"],
                            capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        print("format: skipped: this is no git checkout")
        return 77
    names = [name for name in listed.stdout.split("\0") if name and os.path.isfile(os.path.join(TOP, name))]
    how = ["-i"] if "--fix" in sys.argv[1:] else ["--dry-run", "-Werror"]
    status = subprocess.run(["clang-format", *how, *names], cwd=TOP, check=False).returncode
    print(f"{len(names)} files" + ("" if status == 0 else ": format with ./run format"))
    return 1 if status != 0 or not names else 0


if __name__ == "__main__":
    sys.exit(main())
