// A television: a public client without a browser, which shows codes and polls (RFC 8628).
import * as client from 'openid-client';

import { discover, finish, settings, show } from './conversation.mjs';

const config = await discover(client.None());
const codes = await client.initiateDeviceAuthorization(config, { scope: settings.scope });
await show(codes);
const tokens = await client.pollDeviceAuthorizationGrant(config, codes);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
finish({
  claims: tokens.claims(),
  userinfo: await client.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub),
});
