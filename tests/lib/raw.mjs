// A socket for bytes that no HTTP client would send, and the little HTTP it takes to read what
// comes back.

import net from 'node:net';
import { sleep } from './wait.mjs';

/** Splits the first HTTP answer off `bytes`: {status, headers, body, rest}, or null if it is not whole. */
export function parseAnswer(bytes, { head = false } = {}) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(first);
  if (!match) throw new Error(`not an HTTP answer: ${JSON.stringify(first.slice(0, 80))}`);
  const status = Number(match[1]);
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  if (status === 100) return parseAnswer(bytes.subarray(end + 4), { head });
  const size = head ? 0 : Number(headers['content-length'] || 0);
  if (bytes.length < end + 4 + size) return null;
  return {
    status,
    headers,
    body: bytes.subarray(end + 4, end + 4 + size),
    rest: bytes.subarray(end + 4 + size),
  };
}

/** An open connection: send bytes, half-close, cut, and wait for whole answers. */
export class RawConnection {
  #received = Buffer.alloc(0);
  #waiters = new Set();
  closed = false;

  static open(port, host = '127.0.0.1') {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  constructor(socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#wake();
    });
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  #wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #end() {
    this.closed = true;
    this.#wake();
  }

  /** Sends bytes; a peer that has hung up is no error here, `closed` tells. */
  send(data) {
    return new Promise((resolve) => this.socket.write(data, () => resolve()));
  }

  /** Sends a list of strings, Buffers, {wait: ms}, {halfClose: true} or {cut: true}. */
  async sendAll(parts) {
    for (const part of Array.isArray(parts) ? parts : [parts]) {
      if (this.closed) return;
      if (typeof part === 'string' || Buffer.isBuffer(part)) await this.send(part);
      else if (part.wait) await sleep(part.wait);
      else if (part.halfClose) this.socket.end();
      else if (part.cut) this.socket.resetAndDestroy();
    }
  }

  /** The next whole answer; 'close' if the peer closed first, 'silence' after `ms`. */
  answer(ms = 5000, options = {}) {
    return new Promise((resolve, reject) => {
      const finish = (value) => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(value);
      };
      const look = () => {
        try {
          const answer = parseAnswer(this.#received, options);
          if (answer) {
            this.#received = answer.rest;
            finish(answer);
          } else if (this.closed) {
            finish('close');
          }
        } catch (error) {
          clearTimeout(timer);
          reject(error);
        }
      };
      const timer = setTimeout(() => finish('silence'), ms);
      this.#waiters.add(look);
      look();
    });
  }

  /** Resolves true when the peer closes within `ms`. */
  async closes(ms = 5000) {
    const end = Date.now() + ms;
    while (!this.closed && Date.now() < end) await sleep(5);
    return this.closed;
  }

  destroy() {
    this.socket.destroy();
  }
}

/** The bytes of a request with the given headers (an array keeps repeats and order). */
export function requestBytes(method, target, headers = [], body = '') {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([
    Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1'),
    Buffer.from(body),
  ]);
}
