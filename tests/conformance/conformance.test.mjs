// The JavaScript that users write: every script must give the answer that Node gives.
//
// scripts/<topic>/<name>.js   a global script with main(); add a file and it is run
// differences.json            where the right answer is not Node's, each with its reason
// recorded.json               answers of a newer Node, for scripts that begin with `// node: 22`

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { outputHash } from '../lib/canonical.mjs';
import { startServer } from '../lib/server.mjs';
import { neededNode, nodeAnswer, nodeHas } from './node_answer.mjs';
import { loadScripts } from './scripts.mjs';

const read = (file) => JSON.parse(fs.readFileSync(new URL(file, import.meta.url)));
const differences = read('differences.json');
const recorded = read('recorded.json');
const scripts = loadScripts();

function rightAnswer(name, script) {
  if (differences[name]) return differences[name].answer;
  return nodeHas(neededNode(script)) ? nodeAnswer(script) : recorded[name];
}

describe('conformance', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  for (const { name, script } of scripts) {
    it(name, async () => {
      const { status, json, text } = await server.execute({ script });
      assert.equal(status, 200, text);
      assert.equal(json.status, 'completed', `${json.error_code}: ${json.error}`);
      const right = await rightAnswer(name, script);
      assert.ok(right, `${name} is not in recorded.json`);
      assert.deepEqual(json.output, right);
      assert.equal(json.output_hash, outputHash(right));
    });
  }

  it('explains no difference that is gone', async () => {
    for (const [name, { answer }] of Object.entries(differences)) {
      const found = scripts.find((script) => script.name === name);
      assert.ok(found, `${name} is not there`);
      assert.notDeepEqual(await nodeAnswer(found.script), answer, `${name} is no difference any more`);
    }
  });

  it('has at least 150 scripts', () => assert.ok(scripts.length >= 150));
});
