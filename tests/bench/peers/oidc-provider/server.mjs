// The peer of `make bench`: oidc-provider configured as for production, ES256, opaque access tokens, rotating refresh
// tokens, Argon2id with our parameters in Node's thread pool. Everything it needs comes from the environment.
import crypto from 'node:crypto';
import { promisify } from 'node:util';

import Provider from 'oidc-provider';

import PostgreSQLAdapter from './adapter-pg.mjs';

const { PORT, BENCH_CLIENT_IDS, BENCH_CLIENT_SECRET, BENCH_REDIRECT_URI, BENCH_PASSWORD } = process.env;
const FAPI2_CLIENT = JSON.parse(process.env.BENCH_FAPI2_CLIENT);
const ISSUER = `http://127.0.0.1:${PORT}`;
const DAY = 86400;

// Every account of the bench has the same password here, so one salt and hash stand for all of them.
const argon2 = promisify(crypto.argon2);
const SALT = crypto.randomBytes(16);
const derive = (password) => argon2('argon2id', {
  message: password, nonce: SALT, parallelism: 1, tagLength: 32, memory: 19456, passes: 2,
});
const HASH = await derive(BENCH_PASSWORD);
const isAccount = (name) => /^bench-\d{5}$/.test(name ?? '');

const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(ISSUER, {
  adapter: PostgreSQLAdapter,
  clients: BENCH_CLIENT_IDS.split(' ').map((clientId) => ({
    client_id: clientId,
    client_secret: BENCH_CLIENT_SECRET,
    redirect_uris: [BENCH_REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  })).concat({
    ...FAPI2_CLIENT,
    redirect_uris: [BENCH_REDIRECT_URI],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
  }),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k1' }] },
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true },
    fapi: { enabled: true, profile: (ctx, client) => (client?.clientId === FAPI2_CLIENT.client_id ? '2.0' : undefined) },
  },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Alice', email: 'alice@example.org' }),
  }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  // Consent counts as given: one stored grant for each session, made without a page.
  async loadExistingGrant({ oidc }) {
    const { client, session, result } = oidc;
    const grantId = result?.consent?.grantId || session.grantIdFor(client.clientId);
    if (grantId) return oidc.provider.Grant.find(grantId);
    const grant = new oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid offline_access profile email');
    await grant.save();
    return grant;
  },
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  ttl: {
    AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 3600, IdToken: 3600, Interaction: 3600,
    Grant: 14 * DAY, RefreshToken: 14 * DAY, Session: 14 * DAY,
  },
});
provider.proxy = true;

const FORMS = {
  consent: '<button id="consent-allow" name="ok" value="allow">Allow</button>',
  login: `<label>Username <input name="username" autocomplete="username" required></label>
<label>Password <input type="password" name="password" required></label><button id="login-submit">Sign in</button>`,
};

async function readForm(request) {
  let body = '';
  for await (const part of request) body += part;
  return new URLSearchParams(body);
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { uid, prompt } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.set('cache-control', 'no-store');
    ctx.body = `<!doctype html><html lang="en"><title>Sign in</title><body><h1>${prompt.name}</h1>
<form method="post" action="/interaction/${uid}">${FORMS[prompt.name]}</form></body></html>`;
    return undefined;
  }
  const answer = (result, mergeWithLastSubmission) => provider.interactionResult(
    ctx.req, ctx.res, result, { mergeWithLastSubmission },
  );
  if (prompt.name === 'consent') return ctx.redirect(await answer({ consent: {} }, true));
  const form = await readForm(ctx.req);
  const derived = await derive(form.get('password') || '');
  if (!crypto.timingSafeEqual(derived, HASH) || !isAccount(form.get('username'))) {
    ctx.status = 401;
    ctx.body = 'wrong';
    return undefined;
  }
  return ctx.redirect(await answer({ login: { accountId: form.get('username') } }, false));
});
provider.listen(Number(PORT), '127.0.0.1');
