// How a script talks with its test: one JSON value a line. The first line in is the settings; the script asks, the test
// answers, and the last line out is the result.
import { createInterface } from 'node:readline';

import * as client from 'openid-client';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (value) => console.log(JSON.stringify(value));

export const settings = await read();

// Send the person's browser to an address; the answer is the address at which it comes back to us.
export async function visit(url) {
  write({ visit: url.href });
  return new URL(await read());
}

// Show the person a device's codes; the answer comes when they have decided.
export async function show(codes) {
  write({ show: codes });
  return read();
}

export function finish(result) {
  write({ result });
  process.exit(0);
}

// Read the provider's metadata. Every signature is verified, also where TLS would do; http is for this machine only.
export function discover(authentication, metadata) {
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  return client.discovery(new URL(settings.issuer), settings.client_id, metadata, authentication, { execute });
}

// The key that is registered for us, to sign assertions and requests with.
export async function signingKey() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('jwk', settings.key, algorithm, false, ['sign']);
  return { key, kid: settings.key.kid };
}

// The parameters of one authorization request, and what its answer must fit.
export async function newRequest() {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  return {
    parameters: {
      redirect_uri: settings.redirect_uri,
      scope: settings.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    },
    checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
  };
}
