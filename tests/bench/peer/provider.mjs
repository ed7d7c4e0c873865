// `oidc-provider` set up for the same work: the same clients, algorithms, scopes, lifetimes and rotation as the house.

import { Provider } from 'oidc-provider';
import { JsonbAdapter } from './adapter.mjs';

export const settings = JSON.parse(process.env.PEER_SETTINGS);

const API = 'urn:bench:api';
const DAY = 24 * 60 * 60;

// People are in memory. A provider with more of them reads them from somewhere as well, which is in its favour here.
const person = (sub) => ({
  sub,
  name: `Dana ${sub}`,
  given_name: 'Dana',
  family_name: sub,
  preferred_username: sub,
  updated_at: 1767258000,
  email: `${sub}@bench.example`,
  email_verified: true,
});

const client = ({ id, secret, redirectUri }) => ({
  client_id: id,
  client_secret: secret,
  token_endpoint_auth_method: 'client_secret_basic',
  id_token_signed_response_alg: 'ES256',
  ...(redirectUri
    ? { redirect_uris: [redirectUri], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }
    : { redirect_uris: [], grant_types: ['client_credentials'], response_types: [] }),
});

export const provider = new Provider(settings.issuer, {
  adapter: JsonbAdapter,
  clients: settings.clients.map(client),
  jwks: settings.jwks,
  cookies: { keys: ['bench'] },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username', 'updated_at'],
  },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => person(sub) }),
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 600,
    ClientCredentials: 600,
    AuthorizationCode: DAY,
    IdToken: 300,
    RefreshToken: 14 * DAY,
    Grant: 14 * DAY,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // A client's own tokens are JWTs (RFC 9068), as the house issues them; tokens of people are for /userinfo, where this
      // provider takes opaque ones only.
      defaultResource: (ctx, asking) => (asking.clientId.startsWith('api') ? API : undefined),
      useGrantedResource: () => false,
      getResourceServerInfo: (ctx, resource, asking) => ({
        scope: 'accounts:read',
        audience: settings.issuer,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: asking.clientId === 'api-rs256' ? 'RS256' : 'ES256' } },
      }),
    },
  },
});
