// Times one CPU kernel in Node itself: {seconds, output} for one call of main().
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const script = readFileSync(process.argv[2], 'utf8');
const start = performance.now();
vm.runInThisContext(script);
const output = vm.runInThisContext('main({})');
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, output }));
