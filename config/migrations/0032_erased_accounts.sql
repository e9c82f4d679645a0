-- An account that was erased stays as an opaque id, by which the audit, transitions and grants name it; who it
-- was is gone (access/erasure.py).
alter table accounts add column erased_at timestamptz;
alter table accounts add check (erased_at is null or (
    locked_at is not null and password_hash is null and totp_secret is null and oidc_subject is null));

-- What the audit calls an account of the broker: its name may be of any script, and may be given again.
alter table broker_accounts add column id uuid not null unique default gen_random_uuid();
