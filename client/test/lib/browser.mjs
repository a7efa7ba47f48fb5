// A headless Chromium with a profile of its own, driven over its DevTools pipe.
//
//   const browser = await openBrowser();
//   await browser.open('http://127.0.0.1:8000/');
//   await browser.evaluate('document.title');
//   await browser.close();

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { slow } from '../../../tests/lib/settings.mjs';
import { until } from '../../../tests/lib/wait.mjs';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-default-apps', '--remote-debugging-pipe', '--window-size=1280,1000'];

class Browser {
  #calls = new Map();
  #next = 1;
  #session;
  /** What the page reported: errors, console messages, refused requests. */
  faults = [];

  constructor() {
    this.profile = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-chromium-'));
    this.child = spawn('chromium', [...FLAGS, `--user-data-dir=${this.profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.once('error', resolve);
    });
    let rest = '';
    this.child.stdio[4].on('data', (data) => {
      const messages = (rest + data).split('\0');
      rest = messages.pop();
      for (const message of messages) this.#receive(JSON.parse(message));
    });
  }

  #receive({ id, result, error, method, params }) {
    if (id !== undefined) {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) reject(new Error(error.message));
      else resolve(result);
    }
    if (method === 'Runtime.exceptionThrown') this.faults.push(params.exceptionDetails.exception?.description);
    if (method === 'Log.entryAdded') this.faults.push(`${params.entry.text} ${params.entry.url ?? ''}`);
  }

  send(method, params = {}) {
    const id = this.#next++;
    const message = { id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) };
    this.child.stdio[3].write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  async open(url) {
    if (!this.#session) {
      const { targetInfos } = await this.send('Target.getTargets');
      const { targetId } = targetInfos.find(({ type }) => type === 'page');
      const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
      this.#session = sessionId;
      for (const domain of ['Runtime', 'Log', 'Page']) await this.send(`${domain}.enable`);
    }
    await this.send('Page.navigate', { url });
    await this.until('document.readyState === "complete"');
  }

  /** The value of an expression in the page; promises are awaited. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  until(expression, ms = 20000 * slow) {
    return until(() => this.evaluate(expression), expression, ms);
  }

  async screenshot(file) {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }

  async close() {
    this.#session = undefined;
    this.send('Browser.close').catch(() => {});
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5000 * slow);
    await this.exited;
    clearTimeout(late);
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export async function openBrowser() {
  const browser = new Browser();
  await Promise.race([browser.send('Browser.getVersion'),
    browser.exited.then((code) => { throw new Error(`chromium ended: ${code}`); })]);
  return browser;
}
