// quickjs-emscripten, a fresh runtime and context a request, in one Node process.
import { getQuickJS } from 'quickjs-emscripten';
import { serve } from '../serve.mjs';

const quickjs = await getQuickJS();

serve((script, input) => {
  const runtime = quickjs.newRuntime();
  try {
    runtime.setMemoryLimit(64 * 1024 * 1024);
    const context = runtime.newContext();
    try {
      context.unwrapResult(context.evalCode(script)).dispose();
      const json = context.newString(JSON.stringify(input));
      context.setProp(context.global, 'json', json);
      json.dispose();
      const result = context.unwrapResult(context.evalCode('JSON.stringify(main(JSON.parse(json)))'));
      const text = context.getString(result);
      result.dispose();
      return text;
    } finally {
      context.dispose();
    }
  } finally {
    runtime.dispose();
  }
});
