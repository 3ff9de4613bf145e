// FAPI 2.0: the request is pushed, the client proves itself by its key, and every token is bound by DPoP.
import * as client from 'openid-client';

import { discover, finish, newRequest, signingKey, visit } from './conversation.mjs';

const config = await discover(client.PrivateKeyJwt(await signingKey()));
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const { parameters, checks } = await newRequest();
const back = await visit(await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }));
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
const subject = tokens.claims().sub;
const userinfo = await client.fetchUserInfo(config, tokens.access_token, subject, { DPoP });
const introspected = await client.tokenIntrospection(config, tokens.access_token);

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
await client.fetchUserInfo(config, refreshed.access_token, subject, { DPoP });
await client.tokenRevocation(config, refreshed.access_token);
const revoked = await client.tokenIntrospection(config, refreshed.access_token);
finish({
  claims: tokens.claims(),
  token_types: [tokens.token_type, refreshed.token_type],
  thumbprint: await DPoP.calculateThumbprint(),
  userinfo,
  introspected,
  revoked,
});
