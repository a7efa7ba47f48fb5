// Jobs as they are asked for and answered. Names are those of the wire, docs/protocol.md.
import { random, toBase64url } from './bytes.js';
import { NetworkError, NeoComputeError } from './errors.js';
import { members } from './json.js';
function writeInput(input, inputJson) {
    if (inputJson === undefined)
        return JSON.stringify(input);
    try {
        JSON.parse(inputJson);
    }
    catch (cause) {
        throw new NeoComputeError('not_json', 'inputJson is not JSON', { cause });
    }
    return inputJson.trim(); // white space around a value is not part of it
}
/** Writes the request; `fresh`: with a nonce of its own if it has none. */
export function prepare(request, options, fresh, more = {}) {
    const { input, ...rest } = request;
    const nonce = request.nonce ?? (fresh ? toBase64url(random(24)) : undefined);
    const inputJson = writeInput(input, options.inputJson);
    const members = { ...rest, ...more, ...(nonce === undefined ? {} : { nonce }) };
    const head = JSON.stringify(members);
    const json = inputJson === undefined ? head : `${head.slice(0, -1)},"input":${inputJson}}`;
    return { json, expect: expectationsOf(request, nonce, inputJson ?? '{}') };
}
function expectationsOf(request, nonce, inputJson) {
    const { script, timeout, gas_limit, memory_limit } = request;
    return {
        script, inputJson, entryPoint: request.entry_point ?? 'main',
        secretRefs: request.secret_refs ?? [], appId: request.app_id ?? null,
        scriptName: request.script_name ?? null,
        atMost: {
            ...(timeout === undefined ? {} : { timeout }),
            ...(gas_limit === undefined ? {} : { gas_limit }),
            ...(memory_limit === undefined ? {} : { memory_limit }),
        },
        ...(nonce === undefined ? {} : { nonce }),
    };
}
/** What an answer says of its job; `output` is parsed from the very text that is hashed. */
export function readJob(json) {
    const found = members(json);
    if (!found)
        throw new NetworkError('malformed', 'the answer is not one JSON object');
    const outputJson = found.get('output');
    const job = JSON.parse(json);
    if (typeof job.job_id !== 'string' || typeof job.status !== 'string') {
        throw new NetworkError('malformed', 'the answer is not a job');
    }
    return outputJson === undefined ? job : { ...job, outputJson };
}
/** What `encrypted_output` holds; anyone could have written it until the receipt says otherwise. */
export function readOpened(json) {
    const found = members(json);
    const read = (name) => (found?.has(name) ? JSON.parse(found.get(name)) : undefined);
    const [outputJson, logs, error] = [found?.get('output'), read('logs'), read('error')];
    return {
        receipt_salt: String(read('receipt_salt')),
        ...(outputJson === undefined ? {} : { outputJson, output: read('output') }),
        ...(logs === undefined ? {} : { logs }),
        ...(error === undefined ? {} : { error }),
    };
}
/** What the receipt must say for this answer to be true; what should be there and is not is null. */
export function expectationsOfAnswer(job) {
    const encrypted = job.encrypted_output !== undefined;
    const outputHash = job.output_hash ?? (job.status === 'completed' ? '' : undefined);
    return {
        jobId: job.job_id, status: job.status,
        errorCode: job.error_code ?? null, appId: job.app_id ?? null,
        scriptName: job.script_name ?? null,
        ...(encrypted ? {} : { outputJson: job.outputJson ?? null }),
        ...(job.receipt_salt === undefined ? {} : { salt: job.receipt_salt }),
        ...(outputHash === undefined ? {} : { outputHash }),
        nondeterminism: job.nondeterminism ?? null, startedMs: Date.parse(job.started_at),
        gasUsed: job.gas_used ?? null, memoryUsed: job.memory_used ?? null, limits: job.limits ?? null,
    };
}
