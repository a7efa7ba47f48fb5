// The claims of one service, fetched and verified: what a client of it trusts.

import { NetworkError, TrustError } from './errors.ts';
import { objectOf, type Transport } from './http.ts';
import {
  CLOCK_SLACK, demandPolicy, verifyBundle, type AttestationPolicy, type Bundle, type TrustedClaims,
} from './trust.ts';

const REMEMBERED = 64; // claims of retired keys

export class Attestation {
  readonly #transport: Transport;
  readonly #policy: AttestationPolicy | undefined;
  readonly #retired = new Map<string, TrustedClaims>();
  #current: TrustedClaims | undefined;
  #firstIdentity: string | undefined;

  constructor(transport: Transport, policy: AttestationPolicy | undefined) {
    this.#transport = transport;
    this.#policy = policy;
  }

  /** Throws a TrustError `no_policy` if the caller named nobody to believe. */
  demandPolicy(): AttestationPolicy {
    return demandPolicy(this.#policy);
  }

  /** The keys in force now; `again` if those that are known are refused. Throws a TrustError. */
  async current({ again = false, signal }: {
    again?: boolean; signal?: AbortSignal | undefined;
  } = {}): Promise<TrustedClaims> {
    const now = Date.now() / 1000;
    if (this.#current && !again && now < this.#current.notAfter) return this.#current;
    const claims = await this.verify(await this.#fetch('/attestation', signal));
    if (now > claims.notAfter + CLOCK_SLACK || now < claims.notBefore - CLOCK_SLACK) {
      throw new TrustError('validity', 'the service shows claims whose keys are not in force');
    }
    this.#current = claims;
    return claims;
  }

  /** The claims with this digest (hex), of keys in force or retired. Throws a TrustError. */
  async byDigest(digest: string, signal?: AbortSignal): Promise<TrustedClaims> {
    this.demandPolicy(); // before anything is fetched
    const known = this.#current?.digest === digest ? this.#current : this.#retired.get(digest);
    if (known) return known;
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new TrustError('claims', 'this is no digest');
    const claims = await this.verify(await this.#fetch(`/attestation/${digest}`, signal));
    if (claims.digest !== digest) throw new TrustError('claims', 'the service shows other claims');
    if (this.#retired.size >= REMEMBERED) this.#retired.delete(this.#retired.keys().next().value!);
    this.#retired.set(digest, claims);
    return claims;
  }

  /** Verifies a bundle under the policy; where that pins nothing, under the first identity met. */
  async verify(bundle: Bundle): Promise<TrustedClaims> {
    const policy = this.demandPolicy();
    const claims = await verifyBundle(bundle, policy);
    if (policy.identityKey !== undefined || policy.claimsSha256 !== undefined) return claims;
    this.#firstIdentity ??= claims.identity;
    if (claims.identity !== this.#firstIdentity) {
      throw new TrustError('identity', 'this is another identity than the one first met');
    }
    return claims;
  }

  async #fetch(path: string, signal: AbortSignal | undefined): Promise<Bundle> {
    this.demandPolicy();
    try {
      return objectOf(await this.#transport.send('GET', path, { signal })) as unknown as Bundle;
    } catch (error) {
      if (error instanceof NetworkError && error.code === 'malformed') {
        throw new TrustError('malformed', 'the service shows no bundle', { cause: error });
      }
      throw error;
    }
  }
}
