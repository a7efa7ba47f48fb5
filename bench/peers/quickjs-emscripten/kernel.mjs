// Times one CPU kernel in quickjs-emscripten: {seconds, output} for one call of main().
import { readFileSync } from 'node:fs';
import { getQuickJS } from 'quickjs-emscripten';

const script = readFileSync(process.argv[2], 'utf8');
const context = (await getQuickJS()).newContext();
const start = performance.now();
context.unwrapResult(context.evalCode(script)).dispose();
const result = context.unwrapResult(context.evalCode('JSON.stringify(main({}))'));
const seconds = (performance.now() - start) / 1000;
console.log(`{"seconds":${seconds},"output":${context.getString(result)}}`);
