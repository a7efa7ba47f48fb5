// A gateway between a client and a server, which sees and may change what passes.

import http from 'node:http';

function forward(port, { method, url, headers }, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({
        status: response.statusCode, type: response.headers['content-type'], body: Buffer.concat(chunks),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/**
 * Runs `test(url, seen)` with a gateway before `port`. `before(request, body)` may change what is
 * asked: headers in place, and the body by what it returns; `after(url, answer)` may change what is
 * answered. `seen` collects all bodies that pass, both ways.
 */
export async function behind(port, { before = () => {}, after = () => {} }, test) {
  const seen = [];
  const gateway = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks);
      const changed = before(request, body) ?? body;
      const answer = await forward(port, request, changed);
      seen.push(body, answer.body);
      after(request.url, answer);
      response.writeHead(answer.status, { 'Content-Type': answer.type });
      response.end(answer.body);
    });
  });
  await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  try {
    await test(`http://127.0.0.1:${gateway.address().port}`, seen);
  } finally {
    gateway.close();
    gateway.closeAllConnections();
  }
}
