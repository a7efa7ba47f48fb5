// Runs one program in the service and in Node and compares what they log.

import vm from 'node:vm';
import { explain } from './rules.mjs';

const NODE_MS = 2000;
// Bigger in the service than in Node or the other way: no difference of the language.
const LIMITS = new Set(['gas_exhausted', 'memory_exceeded', 'timeout', 'output_too_large']);

/** Node's log, or null if the program is no program or takes too long. */
async function inNode(script) {
  try {
    const context = vm.createContext({});
    vm.runInContext(script, context, { timeout: NODE_MS });
    const log = await vm.runInContext('main()', context, { timeout: NODE_MS });
    return Array.from(log, String);
  } catch {
    return null;
  }
}

/** The service's log, or a text that says what happened instead; null past a limit. */
async function inService(server, script, user) {
  const { status, json, text } = await server.execute({ script, timeout: 10 }, { user });
  if (status !== 200) return `status ${status}: ${text}`;
  if (json.status === 'completed') return json.output.result;
  return LIMITS.has(json.error_code) ? null : `${json.error_code}: ${json.error}`;
}

/** {at, ours, node} of the first line that differs, or null. */
function firstDifference(ours, node) {
  if (!Array.isArray(ours)) return { at: 0, ours, node: node[0] };
  const at = node.findIndex((line, i) => line !== ours[i]);
  if (at < 0 && ours.length === node.length) return null;
  const i = at < 0 ? node.length : at;
  return { at: i, ours: ours[i], node: node[i] };
}

/** {skipped} past a limit, else {difference, why}: null if equal; `why` if a rule explains it. */
export async function compare(server, script, user) {
  const [node, ours] = [await inNode(script), await inService(server, script, user)];
  if (node === null || ours === null) return { skipped: true };
  const difference = firstDifference(ours, node);
  return { difference, why: difference && explain(script, difference) };
}
