// Serves examples/page to a browser and passes its calls on to a service, as a gateway would.
//
// The page gets modules as they are in the packages; nothing is bundled and nothing comes from
// elsewhere. For trying out: whoever reaches this port is the user.

import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The folder of a package that this one depends on. */
function packageOf(name) {
  const parts = require.resolve(name).split(`${path.sep}node_modules${path.sep}`);
  return path.join(parts.slice(0, -1).join(`${path.sep}node_modules${path.sep}`), 'node_modules', name);
}

// Paths under which the page's import map finds modules.
const FOLDERS = {
  '/modules/neocompute/': path.join(here, '../dist'),
  '/modules/jose/': path.join(packageOf('jose'), 'dist/webapi'),
  '/modules/@hpke/core/': path.join(packageOf('@hpke/core'), 'esm'),
  '/modules/@hpke/common/': path.join(packageOf('@hpke/common'), 'esm'),
  '/': path.join(here, 'page'),
};

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript' };

function sendFile(url, response) {
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => url.startsWith(start));
  const file = path.join(folder, url === '/' ? 'index.html' : url.slice(prefix.length));
  const type = TYPES[path.extname(file)];
  if (!file.startsWith(path.join(folder, path.sep)) || !type || !fs.existsSync(file)) {
    return response.writeHead(404).end();
  }
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  return fs.createReadStream(file).pipe(response);
}

/** Who the user is says the gateway, never the browser. */
function passOn(request, response, service, user) {
  const { host, connection, 'x-user-id': _, ...headers } = request.headers;
  const target = new URL(request.url.replace(/^\/api/, ''), service);
  const onward = http.request(target, {
    method: request.method, headers: { ...headers, 'X-User-ID': user },
  }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error) => response.writeHead(502).end(String(error)));
  request.pipe(onward);
}

/** Listens on loopback; resolves to the server. */
export function serve({ service, port = 0, user = 'alice' }) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://none');
    if (pathname.startsWith('/api/')) passOn(request, response, service, user);
    else sendFile(pathname, response);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

const HELP = `Usage: node examples/serve.mjs [options]

Serves examples/page to a browser on loopback, and passes its calls on to a service.

  --service URL   the service (http://127.0.0.1:8080)
  --port N        where the page is; 0 is any free port (8000)
  --user NAME     whose calls they are (alice)
  --help

    node examples/serve.mjs --user bob
`;

/** The options; ends the program for --help, and for what it does not know. */
function options() {
  try {
    return parseArgs({ options: {
      service: { type: 'string', default: 'http://127.0.0.1:8080' },
      port: { type: 'string', default: '8000' },
      user: { type: 'string', default: 'alice' },
      help: { type: 'boolean' },
    } }).values;
  } catch (error) {
    console.error(`examples/serve.mjs: ${error.message.split('. ')[0]}; --help says more`);
    return process.exit(2);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { help, ...values } = options();
  if (help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const server = await serve({ ...values, port: Number(values.port) });
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
