// A Deno Worker a request, with no permissions.
const WRAPPER = `
self.onmessage = ({ data }) => self.postMessage(JSON.stringify(main(JSON.parse(data))));`;

function run(script, input) {
  const url = URL.createObjectURL(new Blob([script, WRAPPER], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module', deno: { permissions: 'none' } });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(JSON.stringify(input));
  }).finally(() => {
    worker.terminate();
    URL.revokeObjectURL(url);
  });
}

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT')), onListen() {} }, async (request) => {
  try {
    const { script, input } = await request.json();
    return new Response(`{"output":${await run(script, input)}}`, { headers: { 'content-type': 'application/json' } });
  } catch (error) {
    return new Response(JSON.stringify({ error: String(error) }), { status: 400 });
  }
});
