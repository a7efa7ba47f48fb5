// The real service for tests of the client.

import { startServer } from '../../../tests/lib/server.mjs';

/** {url, identityKey, server, stop}: its identity is asked of itself once, as an operator would. */
export async function startService(options = {}) {
  const server = await startServer({
    env: { SECRETS_MASTER_KEY: '5e'.repeat(32), ...options.env }, ...options,
  });
  const { json } = await server.request('GET', '/attestation', { user: null });
  return {
    server, url: `http://127.0.0.1:${server.port}`, identityKey: json.identity_key.x,
    stop: () => server.stop(),
  };
}
