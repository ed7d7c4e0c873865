// The usual adapter of `oidc-provider` over PostgreSQL: one table, a JSONB payload for each model, statements prepared by name.

import pg from 'pg';

export const pool = new pg.Pool({ connectionString: process.env.PEER_DATABASE, max: 10 });

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS oidc_payloads (
    id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (id, type)
  );
  CREATE INDEX IF NOT EXISTS oidc_payloads_grant_id ON oidc_payloads (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_payloads_user_code ON oidc_payloads (user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_payloads_uid ON oidc_payloads (uid) WHERE uid IS NOT NULL;
`;

const FOUND = 'SELECT payload, expires_at, consumed_at FROM oidc_payloads';

export class JsonbAdapter {
  constructor(type) {
    this.type = type;
  }

  async run(name, text, ...values) {
    return pool.query({ name: `oidc ${name}`, text, values });
  }

  async upsert(id, payload, expiresIn) {
    await this.run(
      'upsert',
      `INSERT INTO oidc_payloads (id, type, payload, grant_id, user_code, uid, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id, type) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id,
         user_code = EXCLUDED.user_code, uid = EXCLUDED.uid, expires_at = EXCLUDED.expires_at`,
      id,
      this.type,
      JSON.stringify(payload),
      payload.grantId ?? null,
      payload.userCode ?? null,
      payload.uid ?? null,
      expiresIn ? new Date(Date.now() + expiresIn * 1000) : null,
    );
  }

  found({ rows: [row] }) {
    if (!row || (row.expires_at && row.expires_at < Date.now())) {
      return undefined;
    }
    return row.consumed_at ? { ...row.payload, consumed: Math.floor(row.consumed_at / 1000) } : row.payload;
  }

  async find(id) {
    return this.found(await this.run('find', `${FOUND} WHERE id = $1 AND type = $2`, id, this.type));
  }

  async findByUid(uid) {
    return this.found(await this.run('uid', `${FOUND} WHERE uid = $1 AND type = $2`, uid, this.type));
  }

  async findByUserCode(code) {
    return this.found(await this.run('user code', `${FOUND} WHERE user_code = $1 AND type = $2`, code, this.type));
  }

  async consume(id) {
    await this.run('consume', 'UPDATE oidc_payloads SET consumed_at = now() WHERE id = $1 AND type = $2', id, this.type);
  }

  async destroy(id) {
    await this.run('destroy', 'DELETE FROM oidc_payloads WHERE id = $1 AND type = $2', id, this.type);
  }

  async revokeByGrantId(grantId) {
    await this.run('revoke', 'DELETE FROM oidc_payloads WHERE grant_id = $1', grantId);
  }
}
