// The user's secrets. A value travels sealed from its owner to the service.
import { NetworkError } from './errors.js';
import { objectOf, textOf } from './http.js';
function pathOf(name) {
    return `/secrets/${encodeURIComponent(name)}`;
}
function condition({ ifVersion }) {
    return ifVersion === undefined ? {} : { 'If-Match': `"${ifVersion}"` };
}
export class Secrets {
    #transport;
    #sendSealed;
    /** @internal use `NeoCompute.secrets` */
    constructor(transport, sendSealed) {
        this.#transport = transport;
        this.#sendSealed = sendSealed;
    }
    /** The secrets after `after`, by name; `next` continues the list and is undefined at its end. */
    async list({ limit, after, signal } = {}) {
        const query = new URLSearchParams();
        if (limit !== undefined)
            query.set('limit', String(limit));
        if (after !== undefined)
            query.set('after', after);
        const answer = await this.#transport.send('GET', withQuery('/secrets', query), { signal });
        const { secrets } = objectOf(answer);
        return { secrets, next: nextOf(answer, 'after') };
    }
    /**
     * Makes a secret or gives it a new value. The value is sealed to the service's verified key,
     * which takes an attestation policy; `sealed: false` sends it as the connection carries it.
     */
    async set(name, value, { sealed = true, signal, ...change } = {}) {
        const body = JSON.stringify({ value });
        const headers = condition(change);
        if (sealed) {
            return JSON.parse(await this.#sendSealed('PUT', pathOf(name), body, { headers, signal }));
        }
        return this.#json('PUT', pathOf(name), { body, headers, signal });
    }
    /** All but the value. */
    get(name, { signal } = {}) {
        return this.#json('GET', pathOf(name), { signal });
    }
    /** The value; the service writes this down in its audit log. */
    reveal(name, { signal } = {}) {
        return this.#json('POST', `${pathOf(name)}/reveal`, { signal });
    }
    /** Deletes all versions. */
    async remove(name, { signal, ...change } = {}) {
        await this.#transport.send('DELETE', pathOf(name), { headers: condition(change), signal });
    }
    /** Who may read it. */
    policy(name, { signal } = {}) {
        return this.#json('GET', `${pathOf(name)}/policy`, { signal });
    }
    /** Replaces the rules; what is left out has its default. */
    setPolicy(name, policy, { signal, ...change } = {}) {
        return this.#json('PUT', `${pathOf(name)}/policy`, { body: JSON.stringify(policy), headers: condition(change), signal });
    }
    async #json(method, path, { body, headers, signal }) {
        const content = body === undefined ? {}
            : { body, headers: { ...headers, 'Content-Type': 'application/json' } };
        const answer = await this.#transport.send(method, path, { signal, ...content });
        return objectOf(answer);
    }
}
export function withQuery(path, query) {
    return query.size > 0 ? `${path}?${query}` : path;
}
/** A parameter of the link to the next page, if there is one. */
export function nextOf(answer, parameter) {
    const link = /<([^>]*)>\s*;\s*rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    if (link === undefined)
        return undefined;
    return new URL(link, 'http://none').searchParams.get(parameter) ?? undefined;
}
/** The elements of an answer that is a JSON array. */
export function arrayOf(answer) {
    let value;
    try {
        value = JSON.parse(textOf(answer));
    }
    catch {
        // no JSON
    }
    if (!Array.isArray(value))
        throw new NetworkError('malformed', 'the answer is not a list');
    return value;
}
