"""The driver: what it refuses, what it keeps, what it hands over."""

import hashlib
import os
import pathlib
import subprocess
import tempfile
import unittest

from support import TOOLS, assemble, run

MODULE = '(module (memory 1) (func (export "one") (result i32) (i32.const 1)) (func (export "two")))'


class BuildTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.wasm = self.directory / "module.wasm"
        self.wasm.write_bytes(assemble(MODULE))
        (self.directory / "exports.txt").write_text("one\n")
        self.expect("functions = 2")

    def expect(self, counts, sha256=None):
        sha256 = sha256 or hashlib.sha256(self.wasm.read_bytes()).hexdigest()
        (self.directory / "expect.toml").write_text(f'sha256 = "{sha256}"\n[counts]\n{counts}\n')

    def build(self, *options):
        return subprocess.run(
            ["python3", TOOLS / "build_engine.py", "--wasm", self.wasm, "--out", self.directory / "out",
             "--exports", self.directory / "exports.txt", "--expect", self.directory / "expect.toml",
             *options],
            capture_output=True, text=True, env={**os.environ, "NEOCOMPUTE_CACHE": self.directory / "cache"},
        )  # fmt: skip

    def built(self, *options):
        done = self.build(*options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def kept(self):
        return sorted(path.name for path in (self.directory / "cache/engine").iterdir())

    def test_products(self):
        self.built()
        symbols = run("nm", self.directory / "out/libwasm_engine.a")
        for name in ("wasm_guard_exports", "wasm_checked_exports", "wasm_build_digest", "wasm_guard_one"):
            self.assertIn(name, symbols)
        header = (self.directory / "out/wasm_exports.h").read_text()
        self.assertIn("uint32_t (*one)(struct wasm *);", header)
        self.assertRegex(header, r"WASM_FRAME_BYTES [1-9]\d*u")
        self.assertNotIn("two", header)

    def test_second_build_compiles_nothing(self):
        self.assertIn("[1/", self.built())
        self.assertEqual(self.built(), "")
        self.assertEqual(len(self.kept()), 1)

    def test_every_input_counts(self):
        self.built()
        self.built("--cflags=-O1")
        self.built("--no-gas")
        (self.directory / "exports.txt").write_text("one\ntwo\n")
        self.built()
        self.assertEqual(len(self.kept()), 4)

    def test_another_module_is_refused(self):
        self.expect("", sha256="0" * 64)
        done = self.build()
        self.assertEqual(done.returncode, 1)
        self.assertIn("has SHA-256", done.stderr)
        self.assertFalse((self.directory / "out").exists())

    def test_other_counts_are_refused(self):
        self.expect("functions = 3")
        done = self.build()
        self.assertEqual(done.returncode, 1)
        self.assertIn("functions is 2, not 3 as in expect.toml", done.stderr)
        self.assertEqual(self.kept(), [])

    def test_failed_compilation_keeps_nothing(self):
        done = self.build("--cflags=-DLIKELY=")
        self.assertEqual(done.returncode, 1)
        self.assertIn("LIKELY", done.stderr)
        self.assertEqual(self.kept(), [])


if __name__ == "__main__":
    unittest.main()
