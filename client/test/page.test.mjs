// The page of examples/ in a real browser: a sealed call, a receipt that verifies, and one byte that
// is changed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serve } from '../examples/serve.mjs';
import { openBrowser } from './lib/browser.mjs';
import { startService } from './lib/real.mjs';

describe('the page', () => {
  let service, gateway, browser;
  before(async () => {
    service = await startService();
    gateway = await serve({ service: service.url });
    browser = await openBrowser();
    await browser.open(`http://127.0.0.1:${gateway.address().port}/`);
  });
  after(async () => {
    await browser?.close();
    gateway?.close();
    gateway?.closeAllConnections();
    await service?.stop();
  });

  const element = (id) => `document.getElementById('${id}')`;
  const valueOf = (id) => browser.evaluate(`${element(id)}.value`);
  const textOf = (id) => browser.evaluate(`${element(id)}.textContent`);
  const click = (id) => browser.evaluate(`${element(id)}.click()`);
  const type = (id, value) => browser.evaluate(
    `{ const field = ${element(id)}; field.value = ${JSON.stringify(value)};
       field.dispatchEvent(new Event('input')) }`);
  const verdict = (kind) => browser.until(`${element('verdict')}.className === '${kind}'`);
  const failed = () => browser.evaluate(
    '[...document.querySelectorAll("#checks .bad .name")].map((name) => name.textContent)');

  it('runs nothing sealed for a service that is not believed', async () => {
    await click('run-sealed');
    await verdict('bad');
    assert.match(await textOf('run-state'), /TrustError: no_policy/);
  });

  for (const button of ['run', 'run-sealed']) {
    it(`${button}: every check passes`, async () => {
      await type('identity', service.identityKey);
      if (!await browser.evaluate(`${element('simulation')}.checked`)) await click('simulation');
      await click(button);
      await browser.until(`${element('run-state')}.textContent.startsWith('completed')`);
      await verdict('good');
      assert.equal(await valueOf('output'), '{"sum":6.5}');
      assert.deepEqual(await failed(), []);
      assert.equal(await browser.evaluate(`${element('warning')}.hidden`), false);
    });
  }

  it('shows which byte was changed, and what that breaks', async () => {
    await type('output', '{"sum":6.6}');
    await verdict('bad');
    assert.deepEqual(await failed(), ['output']);
    assert.equal(await textOf('output-change'), 'Changed at byte 9: “5” came, “6” stands here.');
    await type('output', '{"sum":6.5}');
    await verdict('good');

    const receipt = await valueOf('receipt');
    const at = receipt.length - 20;
    await type('receipt', receipt.slice(0, at) + (receipt[at] === 'A' ? 'B' : 'A') + receipt.slice(at + 1));
    await verdict('bad');
    assert.deepEqual(await failed(), ['signature']);
    assert.match(await textOf('receipt-change'), new RegExp(`Changed at byte ${at}, in the signature`));
  });

  it('a sealed call that was kept outlives the page', async () => {
    const client = `const { NeoCompute } = await import('neocompute');
      const client = new NeoCompute({ url: location.origin + '/api', userId: 'alice',
        attestation: { identityKey: ${JSON.stringify(service.identityKey)}, allowSimulation: true } });`;
    const resume = `(async () => { ${client}
      const { job_id, outputJson } = await client.resume(localStorage.getItem('call'));
      return job_id + ' ' + outputJson })()`;
    await browser.evaluate(`(async () => { ${client}
      const script = 'function main(input) { return { doubled: 2 * input } }';
      localStorage.setItem('call', await client.seal({ script, input: 21 })) })()`);
    const before = await browser.evaluate(resume);
    assert.match(before, /^[0-9a-f-]{36} \{"doubled":42\}$/);
    await browser.open(`http://127.0.0.1:${gateway.address().port}/?again`);
    assert.equal(await browser.evaluate(resume), before);
  });

  it('asks nothing of anybody else, and nothing went wrong', () => {
    assert.deepEqual(browser.faults, []);
  });
});
