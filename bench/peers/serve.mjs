// The HTTP half of the peers that run in Node: POST {script, input} in, {output} out.
// Each peer brings only `run(script, input)`, which makes a sandbox, runs the script's main(input)
// in it, throws the sandbox away, and gives back the output as JSON text (or a promise of it).
import { createServer } from 'node:http';

export function serve(run) {
  const answer = (res, status, text) => {
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    res.end(text);
  };
  const server = createServer((req, res) => {
    const parts = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', async () => {
      try {
        const { script, input } = JSON.parse(Buffer.concat(parts).toString());
        answer(res, 200, `{"output":${await run(script, input)}}`);
      } catch (error) {
        answer(res, 400, JSON.stringify({ error: String(error) }));
      }
    });
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
}
