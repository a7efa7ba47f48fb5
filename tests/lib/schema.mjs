// Validates every answer of a server against the OpenAPI 3.1 document that it serves itself.

import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const DOCUMENT = 'neocompute.json';

function pointer(...parts) {
  return parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
}

export class Contract {
  #document;
  #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });

  constructor(document) {
    this.#document = document;
    addFormats(this.#ajv);
    this.#ajv.addFormat('int64', true);
    this.#ajv.addFormat('byte', true);
    this.#ajv.addSchema(document, DOCUMENT);
  }

  /** Follows one `$ref` inside the document; gives [pointer, object]. */
  #resolve(at) {
    let object = this.#document;
    for (const part of at.split('/')) {
      object = object?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    return object?.$ref?.startsWith('#/') ? this.#resolve(object.$ref.slice(2)) : [at, object];
  }

  /** The path template that `path` fits: "/jobs/{id}" for "/jobs/abc". */
  #template(path) {
    const plain = path.split('?')[0];
    if (this.#document.paths[plain]) return plain;
    return Object.keys(this.#document.paths).find((template) => template.includes('{') &&
      new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(plain));
  }

  /** Where the answer to (method, path, status) is described, or null. */
  #described(method, path, status) {
    const template = this.#template(path);
    const operation = template && this.#document.paths[template][method.toLowerCase()];
    if (!operation) return null;
    const key = [String(status), `${String(status)[0]}XX`, 'default']
      .find((candidate) => operation.responses[candidate]);
    assert.ok(key, `${method} ${template} answered ${status}, which /openapi.json does not list`);
    return this.#resolve(
      pointer('paths', template, method.toLowerCase(), 'responses', key));
  }

  /** Throws if the answer is not one that the document describes. */
  check(method, path, { status, headers, text }) {
    const what = `${method} ${path.slice(0, 60)} -> ${status}`;
    const type = (headers['content-type'] || '').split(';')[0];
    const described = this.#described(method, path, status);
    let schema;
    if (described === null) {
      // No such path or method: a problem document all the same.
      assert.ok(status >= 400, `${what}: a path that /openapi.json does not list`);
      assert.equal(type, 'application/problem+json', what);
      schema = this.#problemSchema();
    } else {
      const [at, response] = described;
      if (!response.content) {
        assert.equal(text, '', `${what}: a body where none is described`);
        return;
      }
      const media = response.content[type];
      assert.ok(media, `${what}: content type ${JSON.stringify(type)} is not described`);
      if (!type.endsWith('json') || !media.schema) return;
      schema = `${at}/content/${pointer(type)}/schema`;
    }
    if (text === '' && method === 'HEAD') return;
    const validate = this.#ajv.getSchema(`${DOCUMENT}#/${encodeURI(schema)}`) ??
      this.#ajv.getSchema(`${DOCUMENT}#/${schema}`);
    assert.ok(validate, `${what}: no schema at ${schema}`);
    assert.ok(validate(JSON.parse(text)),
      `${what}: ${this.#ajv.errorsText(validate.errors)}\n${text.slice(0, 500)}`);
  }

  #problemSchema() {
    const name = Object.keys(this.#document.components.schemas)
      .find((candidate) => /^problem$/i.test(candidate));
    assert.ok(name, '/openapi.json has no schema named Problem');
    return pointer('components', 'schemas', name);
  }
}
