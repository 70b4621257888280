import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { OrganizationKeys, Services } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { type Key, open, randomKey, seal } from "../../kernel/seal.ts";
import { insertInstallation, type NewOrganization, selectInstallation, selectOrganization } from "./store.ts";

const checkText = "this is the right master key";

/** The key pair that signs archives. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** Raw 32 bytes (RFC 8032). */
  readonly publicKey: Buffer;
}

/**
 * Opens the installation, and makes it at the very first start with one organization. Throws an Error with a
 * plain sentence when the master key is not the one that it was made with: under another key every block would
 * silently vanish.
 */
export async function openInstallation(services: Services): Promise<SigningKey> {
  let row = await selectInstallation(services.db);
  if (row === undefined) {
    const pair = generateKeyPairSync("ed25519");
    const { x } = pair.publicKey.export({ format: "jwk" });
    const { d } = pair.privateKey.export({ format: "jwk" });
    await insertInstallation(
      services.db,
      {
        masterKeyCheck: seal(services.masterKey, "installation:check", Buffer.from(checkText)),
        signingPublicKey: Buffer.from(x ?? "", "base64url"),
        signingPrivateKey: seal(
          services.masterKey,
          "installation:signing_key",
          Buffer.from(d ?? "", "base64url"),
        ),
      },
      newOrganization(services, "My organization"),
    );
    row = await selectInstallation(services.db);
  }
  if (row === undefined) throw new Error("The installation could not be made; look at the database's log.");
  try {
    open(services.masterKey, "installation:check", row.masterKeyCheck);
  } catch (cause) {
    throw new Error(
      "SAYSO_MASTER_KEY is not the key that this database was made with. Start with the right one: with another key every opt-out and block would be lost from sight.",
      { cause },
    );
  }
  const x = row.signingPublicKey.toString("base64url");
  const d = open(services.masterKey, "installation:signing_key", row.signingPrivateKey).toString("base64url");
  const jwk = { kty: "OKP", crv: "Ed25519", x };
  return {
    privateKey: createPrivateKey({ key: { ...jwk, d }, format: "jwk" }),
    publicKey: Buffer.from(
      createPublicKey({ key: jwk, format: "jwk" }).export({ format: "jwk" }).x ?? "",
      "base64url",
    ),
  };
}

/** A new organization with keys of its own, wrapped by the master key; the sandbox of one when that (uuid) is named. */
export function newOrganization(
  services: Services,
  name: string,
  sandboxOf: string | null = null,
): NewOrganization {
  const id = services.newId("org");
  const wrap = (key: Key, use: string) => seal(services.masterKey, `organization:${id}:${use}`, key);
  return {
    id,
    name,
    sandboxOf,
    lookupKey: wrap(randomKey(), "lookup_key"),
    dataKey: wrap(randomKey(), "data_key"),
  };
}

/** Opens the keys of organizations and remembers them: they never change. */
export function organizationKeyring(
  services: Services,
): (organizationId: string) => Promise<OrganizationKeys> {
  const opened = new Map<string, OrganizationKeys>();
  return async (organizationId) => {
    const known = opened.get(organizationId);
    if (known !== undefined) return known;
    const row = await selectOrganization(services.db, organizationId);
    if (row === undefined) throw notFound("organization");
    const keys = unwrapOrganizationKeys(services, row);
    opened.set(organizationId, keys);
    return keys;
  };
}

/** The keys of an organization's row. Throws when they do not open under the master key. */
export function unwrapOrganizationKeys(
  services: Services,
  row: { id: string; lookupKey: Buffer; dataKey: Buffer; sandboxOf: string | null },
): OrganizationKeys {
  const unwrap = (wrapped: Buffer, use: string) => {
    try {
      return open(services.masterKey, `organization:${row.id}:${use}`, wrapped);
    } catch (cause) {
      throw new SaysoError("internal", "An organization's key does not open.", { cause });
    }
  };
  return {
    lookup: unwrap(row.lookupKey, "lookup_key"),
    data: unwrap(row.dataKey, "data_key"),
    isSandbox: row.sandboxOf !== null,
  };
}
