// What the tests of secrets do over and over.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** PUT /secrets/NAME; must succeed. */
export async function putSecret(server, name, value, options = {}) {
  const { status, json, text, headers } = await server.request('PUT', `/secrets/${name}`, { ...options, body: { value } });
  assert.ok(status === 200 || status === 201, text);
  return { ...json, etag: headers.etag };
}

/** PUT /secrets/NAME/policy; must succeed. */
export async function allow(server, name, policy = {}, options = {}) {
  const { status, json, text } = await server.request('PUT', `/secrets/${name}/policy`, {
    ...options, body: { services: ['neocompute'], ...policy },
  });
  assert.equal(status, 200, text);
  return json;
}

/** A secret that jobs of its user may have. */
export async function giveSecret(server, name, value, policy, options) {
  await putSecret(server, name, value, options);
  return allow(server, name, policy, options);
}

export const reveal = async (server, name, options) =>
  (await server.request('POST', `/secrets/${name}/reveal`, options)).json?.value;

/** The newest audit entries of a user. */
export const auditOf = async (server, options) =>
  (await server.request('GET', '/secrets/audit?limit=1000', options)).json.entries;

/** The job must be refused its secrets for `reason`, naming `name`. */
export async function refused(server, body, reason, name, options) {
  const job = await server.failure(body, options);
  assert.equal(job.error_code, 'secret_unavailable', job.error);
  assert.ok(job.error.startsWith(`${reason}: ${name}: `), job.error);
  assert.equal(job.gas_used, 0, 'the script must not have started');
  return job;
}
