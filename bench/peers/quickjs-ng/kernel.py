"""Times one CPU kernel in native quickjs-ng: {seconds, output} for one call of main()."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "build"))
import quickjs  # noqa: E402

script = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
context = quickjs.Context()
start = time.perf_counter()
context.eval(script)
output = context.eval("JSON.stringify(main({}))")
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "output": json.loads(output)}))
