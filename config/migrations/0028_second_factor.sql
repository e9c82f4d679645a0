-- The second factor, and signing in by a provider of the organisation: what waits between two requests of one sign-in.

-- A key that was shown and is not confirmed yet. Sealed as accounts.totp_secret, where it goes.
create table factor_setups (
    account_id uuid primary key references accounts,
    secret     bytea not null,
    expires_at timestamptz not null
);

-- For whoever lost the phone: each opens once. Of 80 random bits, so their hashes tell nothing.
create table recovery_codes (
    account_id uuid not null references accounts,
    code_hash  bytea not null,
    made_at    timestamptz not null,
    used_at    timestamptz,
    primary key (account_id, code_hash)
);

-- Who has shown the first factor, and is asked for the second. The browser holds the ticket in a cookie.
create table pending_sign_ins (
    ticket_hash bytea primary key,
    account_id  uuid not null references accounts,
    way         text not null check (way in ('password', 'link', 'oidc')),  -- how the first factor was shown
    onward      text not null,
    expires_at  timestamptz not null
);
create index on pending_sign_ins (account_id);
create index on pending_sign_ins (expires_at);

-- Who was sent to the provider, from which browser, and what has to come back.
create table oidc_logins (
    state_hash   bytea primary key,
    browser_hash bytea not null,
    nonce        text not null,
    verifier     text not null,                -- of PKCE (RFC 7636)
    redirect_uri text not null,
    onward       text not null,
    language     text not null check (language in ('zh', 'en')),
    expires_at   timestamptz not null
);
create index on oidc_logins (expires_at);

-- Streams end as well where the second factor or the password has become due.
create trigger accounts_must_change after update of must_change, totp_secret on accounts
    for each statement execute function notify_statement('shijing_access');
