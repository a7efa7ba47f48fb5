// The vectors that both ends of the project read: tests/vectors/README.md says what they hold.

import fs from 'node:fs';

const read = (name) => JSON.parse(
  fs.readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url), 'utf8'));

export const keys = read('keys');
export const receipts = read('receipts');
export const sealed = read('sealed');
export const refused = read('refused');

/** The caller's policy that the vectors are made for. */
export const policy = { identityKey: keys.identity.jwk, allowSimulation: true };

export const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));

/** What the caller of a job knows, in the client's words. */
export function expectationsOf(job) {
  return {
    jobId: job.job_id, nonce: job.nonce, script: job.script, inputJson: job.input,
    outputJson: job.output ?? null, entryPoint: job.entry_point, userId: job.user, salt: job.salt,
    appId: job.app_id ?? null, scriptName: job.script_name ?? null,
  };
}
