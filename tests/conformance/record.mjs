// Writes recorded.json: the answers of a newer Node to the scripts that need one, for runs under an
// older Node. Run it with the newest Node whenever such a script is added or changed.

import fs from 'node:fs';
import { neededNode, nodeAnswer, nodeHas } from './node_answer.mjs';
import { loadScripts } from './scripts.mjs';

const recorded = {};
for (const { name, script } of loadScripts()) {
  const needed = neededNode(script);
  if (needed === 0) continue;
  if (!nodeHas(needed)) throw new Error(`${name} needs node ${needed}`);
  recorded[name] = await nodeAnswer(script);
}
fs.writeFileSync(new URL('recorded.json', import.meta.url), `${JSON.stringify(recorded, null, 2)}\n`);
