// The two stores of secrets, for tests that must pass on both:
//
//   for (const store of stores) describe(store.name, () => {
//     before(() => store.open()); after(() => store.close());
//     const server = await startServer(await store.fresh());
//     store.sql(server, 'SELECT ...')   // rows of texts, behind the server's back
//     store.auditSql(server, 'SELECT ... FROM secret_audit_logs')   // a row of the audit log each
//
// PostgreSQL is a real server of its own, below with-postgres.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { testsDir } from './settings.mjs';

/** The key of every store that a test makes, unless the test gives its own. */
export const secretsKey = '7a'.repeat(32);

const sqliteProgram = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
text = sys.stdin.read()
if text.lstrip().upper().startswith("SELECT"):
    print(json.dumps([["" if c is None else c.decode() if isinstance(c, bytes) else str(c) for c in row]
                      for row in db.execute(text)]))
else:
    db.executescript(text)
    db.commit()
    print("[]")
`;

const holdingProgram = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
`;

export class Sqlite {
  name = 'SQLite';
  async open() {}
  async close() {}

  /** Options of a server on an empty store. */
  async fresh({ args = [], env = {}, ...rest } = {}) {
    return { args, env: { SECRETS_MASTER_KEY: secretsKey, ...env }, ...rest };
  }

  /** Options of another server on the store of this one. */
  beside(server, { args = [], env = {} } = {}) {
    return { args, env: { SECRETS_MASTER_KEY: secretsKey, ...env }, dataDir: server.dataDir };
  }

  /** How the command line is told of the store. */
  cliArgs(server) {
    return ['--data-dir', server.dataDir];
  }

  sql(server, text) {
    return this.#python(['-c', sqliteProgram], server, text);
  }

  /** Another program that has the file locked, until `release`. */
  async hold(server) {
    const child = spawn('python3', ['-c', holdingProgram, path.join(server.dataDir, 'secrets.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return {
      release() {
        child.stdin.end();
        return ended;
      },
    };
  }

  auditSql(server, text) {
    return this.#python([path.join(testsDir, 'lib', 'audit_sql.py')], server, text);
  }

  /** Puts each row of the audit log into a row of the table, where old services wrote it. */
  unpackAudit(server) {
    this.#python([path.join(testsDir, 'lib', 'audit_sql.py')], server, '', ['unpack']);
  }

  #python(program, server, text, rest = []) {
    return JSON.parse(execFileSync('python3',
      [...program, path.join(server.dataDir, 'secrets.db'), ...rest], { input: text, maxBuffer: 1 << 28 }));
  }
}

export class Postgres {
  name = 'PostgreSQL';
  #count = 0;

  async open() {
    this.child = spawn(path.join(testsDir, 'lib', 'with-postgres'),
      ['sh', '-c', 'echo "$NEOCOMPUTE_TEST_POSTGRES_DIR"; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.dir = await new Promise((resolve, reject) => {
      this.child.stdout.once('data', (data) => resolve(String(data).trim()));
      this.child.once('exit', (code) => reject(new Error(`with-postgres ended with ${code}`)));
    });
  }

  async close() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
  }

  url(database) {
    return `postgresql:///${database}?host=${this.dir}&user=postgres`;
  }

  query(database, text) {
    const out = execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', this.url(database)],
      { input: text, maxBuffer: 1 << 28 }).toString();
    return out.split('\n').filter(Boolean).map((line) => line.split('|'));
  }

  /** A new database; `schema` is run on it first. */
  database(schema) {
    const name = `t${++this.#count}`;
    this.query('postgres', `CREATE DATABASE ${name}`);
    if (schema) this.query(name, schema);
    return name;
  }

  async fresh({ args = [], env = {}, schema, ...rest } = {}) {
    const name = this.database(schema);
    return { args: ['--database-url', this.url(name), ...args], env: { SECRETS_MASTER_KEY: secretsKey, ...env }, ...rest };
  }

  beside(server, { args = [], env = {} } = {}) {
    return { args: ['--database-url', this.urlOf(server), ...args], env: { SECRETS_MASTER_KEY: secretsKey, ...env } };
  }

  urlOf(server) {
    const args = server.child.spawnargs;
    return args[args.indexOf('--database-url') + 1];
  }

  cliArgs(server) {
    return ['--database-url', this.urlOf(server)];
  }

  auditSql(server, text) {
    return this.sql(server, text);
  }

  sql(server, text) {
    return this.query(/\/\/\/(\w+)\?/.exec(this.urlOf(server))[1], text);
  }

  /** Stops the database at once, or starts it again; `settings` are then more of its own. */
  control(action, settings = {}) {
    const versions = fs.readdirSync('/usr/lib/postgresql').sort((a, b) => a - b);
    const program = `/usr/lib/postgresql/${versions.at(-1)}/bin/pg_ctl`;
    const all = { listen_addresses: '', max_connections: 50, ...settings };
    const options = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`).join(' ');
    const args = ['-D', `${this.dir}/data`, '-s', '-w', ...(action === 'stop' ? ['-m', 'immediate', 'stop']
      : ['-l', `${this.dir}/data/log`, '-o', `-k ${this.dir} ${options}`, 'start'])];
    const root = process.getuid() === 0;
    execFileSync(root ? 'setpriv' : program, root
      ? ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--', program, ...args] : args, { stdio: 'ignore' });
  }
}

export const stores = [new Sqlite(), new Postgres()];
