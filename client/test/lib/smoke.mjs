// What has to work in every runtime; run by runtimes.test.mjs in Deno and Bun, with the modules that
// MODULE names. Uses nothing of Node's but the environment and files.

import process from 'node:process';
import { keys, policy, receipts } from './vectors.mjs';

const { MODULE, NEOCOMPUTE_URL: url, IDENTITY: identityKey } = process.env;
const { NeoCompute, verifyReceipt } = await import(MODULE);

for (const { receipt } of receipts.single) await verifyReceipt(receipt, keys.bundle, policy);
for (const { receipts: texts } of receipts.batches) {
  for (const text of texts) await verifyReceipt(text, keys.bundle, policy);
}
console.log('vectors verified');

const client = new NeoCompute({
  url, userId: 'alice', attestation: { identityKey, allowSimulation: true },
});
const request = { script: 'function main(input) { return { echo: input } }', input: { a: 'é' } };
for (const name of ['execute', 'executeSealed']) {
  const { output, verification } = await client[name](request);
  console.log(name, JSON.stringify(output), verification.checks.length > 15);
}

const another = () => new NeoCompute({
  url, userId: 'alice', attestation: { identityKey, allowSimulation: true },
});
const call = await client.seal(request);
const [first, again] = [await another().resume(call), await another().resume(call)];
const kept = await another().job(first.job_id, { call });
console.log('resume', JSON.stringify(first.output), [again, kept].every(({ job_id }) => job_id === first.job_id));
