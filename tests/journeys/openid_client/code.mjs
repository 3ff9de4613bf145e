// The authorization code flow with a client secret, and everything a site does with its tokens until it signs the
// person out.
import * as client from 'openid-client';

import { discover, finish, newRequest, settings, visit } from './conversation.mjs';

const config = await discover(client.ClientSecretBasic(settings.client_secret));
const { parameters, checks } = await newRequest();
const back = await visit(client.buildAuthorizationUrl(config, parameters));
const tokens = await client.authorizationCodeGrant(config, back, checks);
const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
const introspected = await client.tokenIntrospection(config, tokens.access_token);

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
await client.tokenRevocation(config, refreshed.refresh_token);
const revoked = await client.tokenIntrospection(config, refreshed.refresh_token);

const goodbye = await visit(client.buildEndSessionUrl(config, {
  post_logout_redirect_uri: settings.post_logout_redirect_uri,
  id_token_hint: tokens.id_token,
  state: 'goodbye',
}));
finish({
  claims: tokens.claims(),
  userinfo,
  introspected,
  refreshed: refreshed.claims(),
  is_rotated: refreshed.refresh_token !== tokens.refresh_token,
  revoked,
  goodbye: goodbye.href,
});
