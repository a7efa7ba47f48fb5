// A program that keeps a sealed call and says how far it is, to be killed: see service.test.mjs.

import process from 'node:process';
import { NeoCompute } from '../../dist/index.js';

const { NEOCOMPUTE_URL: url, IDENTITY: identityKey, REQUEST } = process.env;
const client = new NeoCompute({
  url, userId: 'alice', attestation: { identityKey, allowSimulation: true },
});
const call = await client.seal(JSON.parse(REQUEST));
console.log(call);
console.log('kept');
if (process.argv.includes('--unsent')) await new Promise((done) => setTimeout(done, 60000));
setTimeout(() => console.log('sent'), 1000); // by then it runs
await client.resume(call);
console.log('answered');
setInterval(() => {}, 1000);
