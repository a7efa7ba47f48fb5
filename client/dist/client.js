// The client: calls the service and believes nothing that it does not prove.
import { Attestation } from './attestation.js';
import { utf8 } from './bytes.js';
import { NetworkError, ReceiptError, RequestError, SealError } from './errors.js';
import { objectOf, refusal, textOf, Transport } from './http.js';
import { expectationsOfAnswer, prepare, readJob, readOpened, } from './job.js';
import { thumbprint } from './jws.js';
import { checkReceipt, parseReceipt } from './receipt.js';
import { chooseKey, openEncryptedOutput, REQUEST_TYPE, RESPONSE_TYPE, sealRequest, } from './seal.js';
import { arrayOf, nextOf, Secrets, withQuery } from './secrets.js';
const JSON_TYPE = 'application/json';
export class NeoCompute {
    /** The user's secrets. */
    secrets;
    #transport;
    #attestation;
    #userId;
    constructor(options) {
        this.#transport = new Transport(options);
        this.#attestation = new Attestation(this.#transport, options.attestation);
        this.#userId = options.userId;
        this.secrets = new Secrets(this.#transport, async (method, path, plaintext, more) => ((await this.#sendSealed(method, path, plaintext, more)).body));
    }
    async execute(request, options = {}) {
        const { verify = true, idempotencyKey, signal } = options;
        if (verify)
            this.#attestation.demandPolicy(); // before anything is sent
        const start = Date.now();
        const { json, expect } = prepare(request, options, verify && idempotencyKey === undefined);
        const answer = await this.#transport.send('POST', '/execute', {
            body: json, signal,
            headers: {
                'Content-Type': JSON_TYPE,
                ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
            },
        });
        const job = readJob(textOf(answer));
        if (!verify)
            return job;
        return this.#verified(job, {
            ...expect, sealed: false,
            encryptTo: request.encrypt_to ? await thumbprint(request.encrypt_to) : null,
            ...(idempotencyKey === undefined ? age(start) : {}),
        }, signal);
    }
    /**
     * The same, sealed: nothing between this program and the service can read request or answer, or
     * tell whether the job failed. Keys come from claims that are verified first; on a retired key
     * they are fetched and verified again, once. A lost answer is asked for again, once: the same
     * envelope runs nothing twice.
     */
    async executeSealed(request, options = {}) {
        const start = Date.now();
        const { signal } = options;
        const user = this.#userId === undefined ? {} : { expect_user: this.#userId };
        const { json, expect } = prepare(request, options, true, user);
        const answer = await this.#sendSealed('POST', '/execute', json, { headers: {}, signal });
        const job = readJob(answer.body);
        if (job.job_id !== answer.jobId)
            throw new SealError('answer', 'the answer is of another job');
        return this.#verified(job, {
            ...expect, ...age(start), sealed: true,
            encryptTo: request.encrypt_to ? await thumbprint(request.encrypt_to) : null,
        }, signal);
    }
    /**
     * One job of the user's. If it has ended, its receipt is verified, against `expect` too: what the
     * caller knows of it, such as the script. A sealed job shows only its sealed answer.
     */
    async job(id, { verify = true, signal, expect = {} } = {}) {
        if (verify)
            this.#attestation.demandPolicy();
        const path = `/jobs/${encodeURIComponent(id)}`;
        const job = readJob(textOf(await this.#transport.send('GET', path, { signal })));
        if (job.job_id !== id)
            throw new ReceiptError('job', 'the answer is another job', []);
        if (!verify || job.status === 'running' || job.sealed)
            return job;
        return this.#verified(job, { ...expect, sealed: false }, signal);
    }
    /**
     * The user's jobs, newest first, as the service lists them; nothing is verified. `next` is the
     * cursor of the page after this one, undefined on the last.
     */
    async jobs({ limit, status, cursor, signal } = {}) {
        const query = new URLSearchParams();
        if (limit !== undefined)
            query.set('limit', String(limit));
        if (status !== undefined)
            query.set('status', status);
        if (cursor !== undefined)
            query.set('cursor', cursor);
        const answer = await this.#transport.send('GET', withQuery('/jobs', query), { signal });
        return { jobs: arrayOf(answer), next: nextOf(answer, 'cursor') };
    }
    /** Ends a job soon; one that has ended stays as it is. */
    async cancel(id, { signal } = {}) {
        const path = `/jobs/${encodeURIComponent(id)}/cancel`;
        return readJob(textOf(await this.#transport.send('POST', path, { signal })));
    }
    /** Makes the service forget a job that has ended. */
    async remove(id, { signal } = {}) {
        await this.#transport.send('DELETE', `/jobs/${encodeURIComponent(id)}`, { signal });
    }
    /** The receipt of a job with its bundle and salt: keep it, and `verifyReceipt` works for ever. */
    async receipt(id, { signal } = {}) {
        const path = `/jobs/${encodeURIComponent(id)}/receipt`;
        const headers = { Accept: JSON_TYPE };
        const answer = await this.#transport.send('GET', path, { headers, signal });
        return objectOf(answer);
    }
    /** The claims of the keys in force, fetched and verified. Throws a TrustError. */
    attestation({ signal } = {}) {
        return this.#attestation.current({ again: true, signal });
    }
    /**
     * Verifies a receipt, with or without its bundle. Without, the claims that it names are asked of
     * the service. Throws a ReceiptError whose `checks` are all that were made, or a TrustError.
     */
    async verifyReceipt(receipt, expect = {}, { signal } = {}) {
        this.#attestation.demandPolicy();
        const isText = typeof receipt === 'string';
        const parsed = parseReceipt(isText ? receipt : String(receipt?.receipt));
        const claims = isText
            ? await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal)
            : await this.#attestation.verify(receipt.bundle);
        const salt = isText ? {} : { salt: receipt.salt, jobId: receipt.job_id };
        return checkReceipt(parsed, claims, salt, expect);
    }
    /**
     * Opens the `encrypted_output` of a job with the private key of its `encrypt_to`, and verifies
     * what the receipt could not show before: the output, and whom the job was for.
     */
    async openOutput(job, privateKey) {
        const { encrypted_output, receipt } = job;
        if (encrypted_output === undefined || receipt === undefined) {
            throw new SealError('not_sealed', 'this job has no encrypted output');
        }
        const opened = readOpened(await openEncryptedOutput(encrypted_output, job.job_id, privateKey));
        const parsed = parseReceipt(receipt);
        const verification = await checkReceipt(parsed, job.verification.claims, {
            jobId: job.job_id, outputJson: opened.outputJson ?? null, salt: opened.receipt_salt,
            ...(this.#userId === undefined ? {} : { userId: this.#userId }),
        });
        return { ...job, ...opened, verification };
    }
    async #verified(job, expect, signal) {
        if (typeof job.receipt !== 'string') {
            throw new ReceiptError('missing', 'the answer has no receipt', []);
        }
        const parsed = parseReceipt(job.receipt);
        const claims = await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal);
        const knowsUser = this.#userId !== undefined && job.encrypted_output === undefined;
        const ofAnswer = expectationsOfAnswer(job);
        const verification = await checkReceipt(parsed, claims, expect, knowsUser ? { ...ofAnswer, userId: this.#userId } : ofAnswer);
        return { ...job, verification };
    }
    /** Seals, sends, opens. On a key that the service no longer has, with its new one, once. */
    async #sendSealed(method, path, plaintext, { headers, signal }) {
        const text = padded(plaintext);
        const send = async (claims) => {
            const key = await chooseKey(claims.hpkeKeys);
            const sealed = await sealRequest(key, `${method} ${path}`, text);
            const answer = await this.#sendTwice(method, path, sealed.body, headers, signal);
            const opened = await sealed.open(answer);
            if (opened.status >= 400)
                throw refusal(opened.status, opened.body);
            return opened;
        };
        const claims = await this.#attestation.current({ signal });
        try {
            return await send(claims);
        }
        catch (error) {
            if (!(error instanceof RequestError) || error.code !== 'sealed_key_unknown')
                throw error;
            const renewed = await this.#attestation.current({ again: true, signal });
            if (renewed.digest === claims.digest)
                throw error;
            return send(renewed);
        }
    }
    /** The same envelope again if no answer came: the service then gives the stored one. */
    async #sendTwice(method, path, body, headers, signal) {
        const once = () => this.#transport.send(method, path, {
            body, signal, headers: { ...headers, 'Content-Type': REQUEST_TYPE },
        });
        const answer = await once().catch((error) => {
            if (!(error instanceof NetworkError) || error.code !== 'network')
                throw error;
            return once();
        });
        if (answer.type !== RESPONSE_TYPE) {
            throw new SealError('not_sealed', `the answer is not sealed: its type is "${answer.type}"`);
        }
        return answer.bytes;
    }
}
const STEP = 256;
/** JSON with white space behind it, so that its size tells less: in steps of 256 bytes. */
function padded(json) {
    return json + ' '.repeat((STEP - utf8(json).length % STEP) % STEP);
}
/** A receipt that was made for a call that began at `start` (ms) is no older than that. */
function age(start) {
    return { maxAge: (Date.now() - start) / 1000 + 60 };
}
