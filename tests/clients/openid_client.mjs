// One sign-in and everything after it with `openid-client`, as a portal on Node would do it.
//
// Reads its configuration from the first line of standard input, writes the address a person has to open, reads the address
// where that person was sent in the end, and writes what came of it all. One JSON value a line; a failure is an exit code.

import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const { issuer, portal, api, scope } = await hear();
const overLoopback = { execute: [client.allowInsecureRequests] };

const discovered = ({ id, secret, alg }) =>
  client.discovery(
    new URL(issuer),
    id,
    { id_token_signed_response_alg: alg },
    client.ClientSecretBasic(secret),
    overLoopback,
  );

const config = await discovered(portal);
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const start = client.buildAuthorizationUrl(config, {
  redirect_uri: portal.redirectUri,
  scope,
  state,
  nonce,
  max_age: '600',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
say({ open: start.href });

const { arrival } = await hear();
const tokens = await client.authorizationCodeGrant(config, new URL(arrival), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
  maxAge: 600,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);

const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
const before = await client.tokenIntrospection(config, renewed.access_token);
await client.tokenRevocation(config, renewed.refresh_token, { token_type_hint: 'refresh_token' });
const after = await client.tokenIntrospection(config, renewed.access_token);
const refused = await client.refreshTokenGrant(config, renewed.refresh_token).then(
  () => null,
  (error) => ({ code: error.code, error: error.error, status: error.status }),
);

const own = await client.clientCredentialsGrant(await discovered(api), { scope: 'accounts:read' });
const end = client.buildEndSessionUrl(config, {
  id_token_hint: renewed.id_token ?? tokens.id_token,
  post_logout_redirect_uri: portal.signedOutUri,
  state: 'bye',
});

say({
  claims,
  userinfo,
  rotated: renewed.refresh_token !== tokens.refresh_token,
  renewedClaims: renewed.claims(),
  before,
  after,
  refused,
  own: { type: own.token_type, scope: own.scope, expiresIn: own.expires_in },
  end: end.href,
});
process.exit(0);
