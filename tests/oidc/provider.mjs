// A provider with one client. Whoever signs in with any password is who they say; see provider.sh.

import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, redirectUri, secret, idTokenSeconds = "3600"] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const provider = new Provider(issuer, {
  clients: [{
    client_id: "shijing",
    client_secret: secret,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code"],
    response_types: ["code"],
  }],
  jwks: { keys: [{ ...key, kid: "test", use: "sig", alg: "RS256" }] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  ttl: { IdToken: Number(idTokenSeconds), AccessToken: 600, AuthorizationCode: 60, Grant: 3600, Interaction: 3600, Session: 3600 },
  findAccount: async (_context, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, preferred_username: sub }),
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log(`ready ${issuer}`));
