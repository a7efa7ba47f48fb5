// Node's answer to a script: run in a fresh context, as a global script, then `main(input, secrets)`.

import vm from 'node:vm';
import { canonical } from '../lib/canonical.mjs';

process.env.TZ = 'UTC';

/** The first Node that has all of the language a script uses: its first line may say `// node: 22`. */
export function neededNode(script) {
  return Number(/^\/\/ node: (\d+)\n/.exec(script)?.[1] ?? 0);
}

export function nodeHas(version) {
  return Number(process.versions.node.split('.')[0]) >= version;
}

/** The `output` that the service must give: an object as it is, anything else as {result}. */
export async function nodeAnswer(script, { input = {} } = {}) {
  const context = vm.createContext({
    TextDecoder, TextEncoder, atob, btoa, clearTimeout, queueMicrotask, setTimeout, structuredClone,
  });
  context.input = vm.runInContext('JSON.parse', context)(JSON.stringify(input));
  context.secrets = vm.runInContext('Object.freeze({})', context);
  vm.runInContext(script, context, { filename: 'script.js', timeout: 20000 });
  let value = await vm.runInContext('main(input, secrets)', context, { timeout: 20000 });
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    value = { result: value };
  }
  return JSON.parse(canonical(JSON.parse(JSON.stringify(value))));
}
