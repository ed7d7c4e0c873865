// Fills the peer's database as sign-ins would have: for each code a grant and the code. Prints the codes, one a line.

import { SCHEMA, pool } from './adapter.mjs';
import { provider, settings } from './provider.mjs';

await pool.query(SCHEMA);

const { codes, people, scope, challenge } = settings.provision;
const portal = settings.clients.find(({ redirectUri }) => redirectUri);

const signIn = async (n) => {
  const accountId = `usr_${n % people}`;
  const grant = new provider.Grant({ accountId, clientId: portal.id });
  grant.addOIDCScope(scope);
  const grantId = await grant.save(14 * 24 * 60 * 60);
  const code = new provider.AuthorizationCode({
    accountId,
    acr: 'urn:bench:mfa',
    amr: ['pwd', 'otp', 'mfa'],
    authTime: Math.floor(Date.now() / 1000),
    client: await provider.Client.find(portal.id),
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
    grantId,
    nonce: 'n-0S6_WzA2Mj',
    redirectUri: portal.redirectUri,
    scope,
    sessionUid: `ses_${n}`,
    sid: `sid_${n}`,
  });
  return code.save();
};

const AT_ONCE = 10;
for (let n = 0; n < codes; n += AT_ONCE) {
  const made = await Promise.all(Array.from({ length: Math.min(AT_ONCE, codes - n) }, (_, k) => signIn(n + k)));
  process.stdout.write(`${made.join('\n')}\n`);
}
await pool.end();
