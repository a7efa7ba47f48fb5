// The parent worker: loads the sent script as a dynamic worker of its own, with no network and
// nothing in its environment, and calls it once.
const WRAPPER = `
export default {
  async fetch(request) {
    return new Response(JSON.stringify(main(await request.json())));
  },
};`;

export default {
  async fetch(request, env) {
    try {
      const { script, input } = await request.json();
      const worker = env.LOADER.load({
        compatibilityDate: '2026-01-01',
        mainModule: 'main.js',
        modules: { 'main.js': script + WRAPPER },
        env: {},
        globalOutbound: null,
      });
      const answer = await worker.getEntrypoint().fetch('http://worker/', { method: 'POST', body: JSON.stringify(input) });
      return new Response(`{"output":${await answer.text()}}`, { headers: { 'content-type': 'application/json' } });
    } catch (error) {
      return new Response(JSON.stringify({ error: String(error) }), { status: 400 });
    }
  },
};
