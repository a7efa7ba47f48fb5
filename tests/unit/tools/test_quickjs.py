"""The same scripts in our translation of quickjs.wasm and in wasm2c's: the same results, and the
same linear memory, byte for byte, after each. And the same gas in every build of ours."""

import hashlib
import os
import pathlib
import shutil
import tempfile
import unittest

from support import CC, HERE, ROOT, TOOLS, WASM2C_RUNTIME, run

WASM = TOOLS / "engine-source/node_modules/quickjs-wasi/quickjs.wasm"
SCRIPTS = sorted((HERE / "scripts").glob("*.js"))
CACHE = pathlib.Path(os.environ.get("NEOCOMPUTE_CACHE") or pathlib.Path.home() / ".cache/neocompute")


def oracle(optimise="-O1"):
    """wasm2c's build takes half a minute: kept like the engine's own."""
    inputs = [WASM, HERE / "oracle.c", HERE / "quickjs_driver.c", HERE / "quickjs_driver.h"]
    version = run("wasm2c", "--version") + run(CC, "--version")
    digest = hashlib.sha256((version + optimise).encode() + b"".join(path.read_bytes() for path in inputs))
    kept = CACHE / "oracle" / digest.hexdigest()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as directory:
            shutil.copy(WASM, directory)
            run("wasm2c", "quickjs.wasm", "-o", "quickjs.c", cwd=directory)
            run(CC, "-w", optimise, "-I.", "-I", WASM2C_RUNTIME, "-I", HERE, "quickjs.c",
                HERE / "oracle.c", HERE / "quickjs_driver.c", WASM2C_RUNTIME / "wasm-rt-impl.c",
                "-lm", "-o", "program", cwd=directory)  # fmt: skip
            os.rename(pathlib.Path(directory, "program"), kept)
    return kept


def engine(directory, *options):
    """Our build, by the tool that makes the product's, and out of its cache if that was made."""
    directory = pathlib.Path(directory)
    run("python3", TOOLS / "build_engine.py", "--wasm", WASM, "--out", directory, "--cc", CC,
        "--exports", ROOT / "src/engine/exports.txt", *options)  # fmt: skip
    program = directory / "program"
    run(CC, "-O2", "-I", directory, "-I", ROOT / "src", "-I", HERE, HERE / "native.c",
        HERE / "native_quickjs.c", HERE / "quickjs_driver.c", directory / "libwasm_engine.a",
        "-lm", "-o", program)  # fmt: skip
    return program


def evaluate(program, build, **environment):
    """A line a script: (gas, trap, memory size, memory hash, result)."""
    output = run(program, build, *SCRIPTS, env={**os.environ, **environment})
    lines, rows = output.split("\n"), []
    for line in lines:
        fields = line.split(" ", 5)
        if len(fields) == 6 and fields[1].isdigit() and len(fields[4]) == 16:
            rows.append(fields[1:])
        elif rows:
            rows[-1][-1] += "\n" + line
    return rows


class QuickjsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.program = engine(temporary.name)
        cls.guard = evaluate(cls.program, "guard")

    def test_results_and_memory_are_as_wasm2c_has_them(self):
        wanted = evaluate(oracle(), "guard")
        self.assertEqual(len(wanted), len(SCRIPTS))
        for script, ours, theirs in zip(SCRIPTS, self.guard, wanted, strict=True):
            with self.subTest(script=script.name):
                self.assertEqual(ours[1:], theirs[1:])
                self.assertEqual(ours[1], "0")  # no trap

    def test_checked_build_does_the_same_for_the_same_gas(self):
        self.assertEqual(evaluate(self.program, "checked"), self.guard)

    def test_gas_does_not_depend_on_how_it_is_handed_out(self):
        self.assertEqual(evaluate(self.program, "guard", SLICE="997"), self.guard)

    def test_every_script_pays(self):
        for script, (gas, *_) in zip(SCRIPTS, self.guard, strict=True):
            self.assertGreater(int(gas), 10000, script.name)


if __name__ == "__main__":
    unittest.main()
