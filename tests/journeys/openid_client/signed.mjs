// FAPI 2.0 Message Signing: a signed request that is pushed, a signed answer (JARM), signed userinfo and introspection.
import * as client from 'openid-client';

import { discover, finish, newRequest, signingKey, visit } from './conversation.mjs';

const key = await signingKey();
const config = await discover(client.PrivateKeyJwt(key), {
  authorization_signed_response_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  introspection_signed_response_alg: 'ES256',
  userinfo_signed_response_alg: 'ES256',
});
client.useJwtResponseMode(config);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const { parameters, checks } = await newRequest();
const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
const back = await visit(await client.buildAuthorizationUrlWithPAR(config, searchParams, { DPoP }));
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
finish({
  answer: Object.fromEntries(back.searchParams),
  claims: tokens.claims(),
  userinfo: await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP }),
  introspected: await client.tokenIntrospection(config, tokens.access_token),
});
