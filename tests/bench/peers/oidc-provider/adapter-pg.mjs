// PostgreSQL adapter of the peer: one table, prepared statements, a pool. Durability is the database's own default.
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

await pool.query(`create table if not exists oidc_model (
  model text, id text, payload jsonb not null, grant_id text, uid text, consumed_at bigint, expires_at bigint,
  primary key (model, id))`);
await pool.query('create index if not exists oidc_model_grant on oidc_model (grant_id)');
await pool.query('create index if not exists oidc_model_uid on oidc_model (model, uid)');

const UPSERT = `insert into oidc_model values ($1, $2, $3, $4, $5, null, $6)
  on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
  uid = excluded.uid, expires_at = excluded.expires_at`;
const FIND = 'select payload, consumed_at, expires_at from oidc_model where model = $1 and id = $2';
const FIND_BY_UID = 'select payload, consumed_at, expires_at from oidc_model where model = $1 and uid = $2';
const CONSUME = 'update oidc_model set consumed_at = $3 where model = $1 and id = $2';
const DESTROY = 'delete from oidc_model where model = $1 and id = $2';
const REVOKE = 'delete from oidc_model where grant_id = $1';

// A named query is prepared once for each connection.
const query = (name, text, values) => pool.query({ name, text, values });
const now = () => Math.floor(Date.now() / 1000);

function live({ rows: [row] }) {
  if (!row || (row.expires_at && Number(row.expires_at) <= now())) return undefined;
  return row.consumed_at ? { ...row.payload, consumed: Number(row.consumed_at) } : row.payload;
}

export default class PostgreSQLAdapter {
  constructor(name) {
    this.name = name;
  }

  async upsert(id, payload, ttl) {
    const expiresAt = ttl ? now() + ttl : null;
    await query('upsert', UPSERT, [
      this.name, id, JSON.stringify(payload), payload.grantId || null, payload.uid || null, expiresAt,
    ]);
  }

  async find(id) {
    return live(await query('find', FIND, [this.name, id]));
  }

  async findByUid(uid) {
    return live(await query('find_by_uid', FIND_BY_UID, [this.name, uid]));
  }

  async consume(id) {
    await query('consume', CONSUME, [this.name, id, now()]);
  }

  async destroy(id) {
    await query('destroy', DESTROY, [this.name, id]);
  }

  async revokeByGrantId(grantId) {
    await query('revoke', REVOKE, [grantId]);
  }
}
