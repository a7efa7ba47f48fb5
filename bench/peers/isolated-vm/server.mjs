// isolated-vm, a fresh V8 isolate a request.
import ivm from 'isolated-vm';
import { serve } from '../serve.mjs';

serve(async (script, input) => {
  const isolate = new ivm.Isolate({ memoryLimit: 64 });
  try {
    const context = await isolate.createContext();
    await context.eval(script);
    return await context.evalClosure('return JSON.stringify(main(JSON.parse($0)))', [JSON.stringify(input)]);
  } finally {
    isolate.dispose();
  }
});
