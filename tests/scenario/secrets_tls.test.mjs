// Secrets in a PostgreSQL that is not on this machine, as far as the service can tell: 127.0.0.2 under
// the name db.test. It must show a certificate for that name, of an authority that was given.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { giveSecret, reveal } from '../lib/secrets.mjs';
import { Server, startServer } from '../lib/server.mjs';
import { Postgres, secretsKey } from '../lib/stores.mjs';

const ADDRESS = '127.0.0.2';
const NAME = 'db.test';
const READ = { script: 'function main(i, s) { return { size: s.KEY.length } }', secret_refs: ['KEY'] };

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on('error', reject).listen(0, ADDRESS, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Certificate authorities and certificates in a folder, made by openssl. */
class Certificates {
  constructor(dir) {
    this.dir = dir;
  }

  file(name) {
    return path.join(this.dir, name);
  }

  #openssl(...args) {
    execFileSync('openssl', args, { cwd: this.dir, stdio: 'pipe' });
  }

  authority(name) {
    this.#openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
    return this.file(`${name}.crt`);
  }

  /** A key that only the server may read, and its certificate, valid until `days` from now. */
  server(name, authority, { host = NAME, days = 1 } = {}) {
    fs.writeFileSync(this.file(`${name}.ext`), `subjectAltName=DNS:${host}\n`);
    this.#openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${host}`,
      '-keyout', `${name}.key`, '-out', `${name}.csr`);
    this.#openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.crt`, '-CAkey', `${authority}.key`,
      '-CAcreateserial', '-days', String(days), '-extfile', `${name}.ext`, '-out', `${name}.crt`);
    fs.chmodSync(this.file(`${name}.key`), 0o600);
    if (process.getuid() === 0) execFileSync('chown', ['postgres:', this.file(`${name}.key`)]);
    return { ssl: 'on', ssl_cert_file: this.file(`${name}.crt`), ssl_key_file: this.file(`${name}.key`) };
  }
}

describe('secrets in a database on another machine', () => {
  const postgres = new Postgres();
  let certificates, port, authority;
  const plain = { ssl: 'off' };
  const servers = {};

  before(async () => {
    await postgres.open();
    port = await freePort();
    const dir = path.join(postgres.dir, 'tls');
    fs.mkdirSync(dir, { mode: 0o755 });
    certificates = new Certificates(dir);
    authority = certificates.authority('authority');
    certificates.authority('stranger');
    servers.good = certificates.server('good', 'authority');
    servers.misnamed = certificates.server('misnamed', 'authority', { host: 'other.test' });
    servers.foreign = certificates.server('foreign', 'stranger');
    servers.expired = certificates.server('expired', 'authority', { days: -1 });
    fs.appendFileSync(path.join(postgres.dir, 'data', 'pg_hba.conf'), `host all all ${ADDRESS}/32 trust\n`);
  });
  after(() => postgres.close());

  function restart(settings) {
    postgres.control('stop');
    postgres.control('start', { listen_addresses: ADDRESS, port, ...settings });
    const local = (database) => `postgresql:///${database}?host=${postgres.dir}&port=${port}&user=postgres`;
    postgres.url = local;
  }

  const url = (database, more = `&sslrootcert=${authority}`) =>
    `postgresql://postgres@${NAME}:${port}/${database}?hostaddr=${ADDRESS}${more}`;

  for (const [how, more] of Object.entries({ 'by itself': '', 'when told to': '&sslmode=verify-full' })) {
    it(`verifies it ${how}, and works`, async () => {
      restart(servers.good);
      const database = postgres.database();
      const target = url(database) + more;
      const server = await startServer({ args: ['--database-url', target], env: { SECRETS_MASTER_KEY: secretsKey } });
      try {
        await giveSecret(server, 'KEY', 'over the wire');
        assert.equal(await reveal(server, 'KEY'), 'over the wire');
        assert.deepEqual(await server.output(READ), { size: 13 });
        const sessions = postgres.query(database, `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE application_name = 'neocompute'`);
        assert.deepEqual(sessions, [['t']]);
        const { stdout, code } = await neocompute(['secret', 'list', '--user', 'alice', '--database-url', target],
          { env: { SECRETS_MASTER_KEY: secretsKey } });
        assert.equal(code, 0);
        assert.match(stdout, /KEY/);
      } finally {
        await server.stop();
      }
    });
  }

  const refusals = {
    'a certificate for another name': ['misnamed', /certificate for "other\.test".*does not match host name "db\.test"/],
    'a certificate of an unknown authority': ['foreign', /certificate verify failed/],
    'a certificate that has expired': ['expired', /certificate (verify failed|has expired)/],
    'no TLS': [null, /server does not support SSL/],
  };
  for (const [name, [which, message]] of Object.entries(refusals)) {
    it(`refuses one with ${name}`, async () => {
      restart(which ? servers[which] : plain);
      const server = new Server({ args: ['--database-url', url('postgres')], env: { SECRETS_MASTER_KEY: secretsKey } });
      const { code } = await server.exit();
      assert.notEqual(code, 0);
      assert.match(server.log, message);
      assert.match(server.log, /database-url/);
      assert.deepEqual(postgres.query('postgres', "SELECT to_regclass('secrets') IS NULL"), [['t']], 'nothing was made in it');
    });
  }

  it('refuses to talk to it without a list of authorities', async () => {
    restart(servers.good);
    const server = new Server({ args: ['--database-url', url('postgres', '')], env: { SECRETS_MASTER_KEY: secretsKey } });
    assert.notEqual((await server.exit()).code, 0);
    assert.match(server.log, /root certificate file .* does not exist/);
  });

  it('will not be told to look away', async () => {
    for (const mode of ['disable', 'prefer', 'require', 'verify-ca']) {
      const server = new Server({ args: ['--database-url', `${url('postgres')}&sslmode=${mode}`], env: { SECRETS_MASTER_KEY: secretsKey } });
      assert.notEqual((await server.exit()).code, 0);
      assert.match(server.log, new RegExp(`sslmode=${mode} does not make sure who the server is`));
    }
  });
});
